//! From a parsed expression to one that runs: paths become slots, names become functions.
//!
//! Everything that is wrong with an expression is noted with its place, not only the first thing.

use crate::compile::fits::{is_zero, misfit, misfit_of_operand, noun};
use crate::expr::{BinaryOp, Expr, ExprKind, Path, Segment, Span, UnaryOp};
use crate::expression::ExpressionError;
use crate::functions::{self, Function, Kind};
use crate::regex;
use crate::run::eval::{Call, Code, Pattern};
use crate::run::source::{ScopeId, SourceTree};
use crate::values::ordered;
use crate::values::value::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The functions that expressions may call, by name.
pub(crate) struct Functions(BTreeMap<&'static str, &'static Function>);

impl Functions {
    /// Adobe's functions and `added` ones.
    pub(crate) fn new(added: &'static [Function]) -> Self {
        Self(ordered::map(added.iter().chain(functions::table()).map(|function| (function.name, function))))
    }
}

/// Resolves the expressions of one mapping.
pub(crate) struct Resolver<'c> {
    pub(crate) tree: &'c mut SourceTree,
    /// Paths that stand for values given with each run.
    pub(crate) context: &'c [String],
    pub(crate) functions: &'c Functions,
    /// Iterations that the destination binds.
    pub(crate) bound: usize,
    /// The scopes that those iterations turned out to be.
    pub(crate) scopes: Vec<ScopeId>,
    /// Parameters of the lambdas around the current place.
    pub(crate) locals: Vec<String>,
    /// Conditions met so far in the whole set, as text.
    pub(crate) conditions: &'c mut Vec<String>,
    /// What is wrong with the expression.
    pub(crate) problems: Vec<ExpressionError>,
}

impl Resolver<'_> {
    /// A path of the input or of the context.
    pub(crate) fn path(&mut self, path: &Path) -> Result<Code, String> {
        if let Some(index) = self.context_index(path)? {
            return Ok(Code::Context(index));
        }
        let mut prefixes = Vec::new();
        for (index, segment) in path.segments.iter().enumerate() {
            match segment {
                Segment::Each | Segment::EachValue => prefixes.push(&path.segments[..=index]),
                Segment::EachKey if index + 1 == path.segments.len() => {
                    prefixes.push(&path.segments[..=index])
                }
                Segment::EachKey => {
                    return Err(format!("{path}: a key has no members; {{key}} must come last"));
                }
                Segment::Rest => return Err(format!("{path}: {{**}} is for ATTRIBUTE mappings only")),
                Segment::Name(_) | Segment::Index(_) => {}
            }
        }
        let scopes: Vec<ScopeId> = prefixes.iter().map(|prefix| self.tree.scope(prefix)).collect();
        let (bound, collected) = scopes.split_at(self.bound.min(scopes.len()));
        for (index, scope) in bound.iter().enumerate() {
            match self.scopes.get(index) {
                None => self.scopes.push(*scope),
                Some(known) if known == scope => {}
                Some(_) => {
                    return Err(format!(
                        "{path}: one destination cannot iterate over two different arrays at once"
                    ));
                }
            }
        }
        let code = match (path.segments.last(), scopes.last()) {
            (Some(Segment::EachKey), Some(scope)) => Code::Key(*scope),
            _ => Code::Slot(self.tree.slot(&path.segments)),
        };
        Ok(if collected.is_empty() { code } else { Code::Collect(collected.to_vec(), Box::new(code)) })
    }

    fn context_index(&self, path: &Path) -> Result<Option<u16>, String> {
        let text = path.to_string();
        if let Some(index) = self.context.iter().position(|known| *known == text) {
            return Ok(Some(index as u16));
        }
        // A misspelt context path would silently read the input instead.
        let root = text.split('.').next().unwrap_or_default();
        if self.context.iter().any(|known| known.split('.').next() == Some(root)) {
            let hint = functions::nearest(&text, self.context.iter().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(format!("there is no {text}{hint}"));
        }
        Ok(None)
    }

    /// A whole expression, or everything that is wrong with it.
    pub(crate) fn whole(&mut self, expression: &Expr) -> Result<Code, Vec<ExpressionError>> {
        let code = self.expression(expression);
        let problems = std::mem::take(&mut self.problems).into_iter().enumerate();
        let placed = problems.map(|(index, problem)| ((problem.span.map(|span| span.start), index), problem));
        let problems: Vec<_> = ordered::map(placed).into_values().collect();
        if problems.is_empty() { Ok(code) } else { Err(problems) }
    }

    /// An expression. What is wrong is noted, and the rest still looked at.
    fn expression(&mut self, expression: &Expr) -> Code {
        self.kind(expression).unwrap_or_else(|message| self.problem(expression.span, message))
    }

    /// Notes what is wrong. The place is then taken by something of which nothing is known, so that no
    /// second problem follows from the first.
    fn problem(&mut self, span: Span, message: String) -> Code {
        self.problems.push(ExpressionError { message, span: Some(span) });
        Code::Context(u16::MAX)
    }

    fn all(&mut self, expressions: &[Expr]) -> Vec<Code> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn boxed(&mut self, expression: &Expr) -> Box<Code> {
        Box::new(self.expression(expression))
    }

    fn kind(&mut self, expression: &Expr) -> Result<Code, String> {
        let span = expression.span;
        let at = |code| Code::At(span, Box::new(code));
        Ok(match &expression.kind {
            ExprKind::Null => Code::Const(Value::Null),
            ExprKind::Bool(value) => Code::Const(Value::Bool(*value)),
            ExprKind::Number(text) => Code::Const(Value::Number(Cow::Owned(text.clone()))),
            ExprKind::String(text) => Code::Const(Value::String(Cow::Owned(text.clone()))),
            ExprKind::Path(path) => match self.local(path) {
                Some(code) => code?,
                None if self.locals.is_empty() => self.path(path)?,
                None => Code::Repeated(Box::new(self.path(path)?)),
            },
            ExprKind::Array(items) => Code::Array(self.all(items)),
            ExprKind::Map(members) => at(Code::Map(
                members.iter().map(|(key, value)| (self.key(key), self.expression(value))).collect(),
            )),
            ExprKind::Unary(op, operand) => self.unary(*op, operand, span),
            ExprKind::Binary(op @ (BinaryOp::Match | BinaryOp::NotMatch), a, b) => {
                self.matches(*op, a, b, span)?
            }
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b, span),
            ExprKind::Ternary(condition, yes, no) => Code::Ternary(Box::new([
                self.condition(condition),
                self.expression(yes),
                self.expression(no),
            ])),
            ExprKind::Elvis(a, b) => Code::Elvis(Box::new([self.expression(a), self.expression(b)])),
            ExprKind::Coalesce(a, b) => Code::Coalesce(vec![self.expression(a), self.expression(b)]),
            ExprKind::Call(name, args) => self.call(name, args, span)?,
            ExprKind::Method(object, name, args) => self.method(object, name, args, span)?,
            ExprKind::Lambda(..) => {
                return Err(
                    "a lambda can only be the second argument of filterArray or transformArray".to_owned()
                );
            }
            ExprKind::Member(object, name) => Code::Member(self.boxed(object), name.clone()),
            ExprKind::Index(array, index) => at(Code::Index(self.boxed(array), self.boxed(index))),
            ExprKind::Empty(value) => Code::Empty(self.boxed(value)),
            ExprKind::Size(value) => at(Code::Size(self.boxed(value))),
            ExprKind::Range(from, to) => at(Code::Range(Box::new([
                self.expecting(Kind::Whole, "the start of a range", from),
                self.expecting(Kind::Whole, "the end of a range", to),
            ]))),
        })
    }

    /// An expression that must be able to be of a kind.
    fn expecting(&mut self, wanted: Kind, what: &str, expression: &Expr) -> Code {
        let code = self.expression(expression);
        match misfit(&code, wanted) {
            Some(found) => {
                self.problem(expression.span, format!("{what} must be {}, but is {found}", noun(wanted)))
            }
            None => code,
        }
    }

    fn key(&mut self, key: &Expr) -> Code {
        self.expecting(Kind::Text, "a map's key", key)
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, span: Span) -> Code {
        let code = self.expression(operand);
        let as_in = match op {
            UnaryOp::Not => None,
            UnaryOp::Neg => Some(BinaryOp::Sub),
            UnaryOp::Complement => Some(BinaryOp::BitAnd),
        };
        match as_in.and_then(|as_in| misfit_of_operand(as_in, &code)) {
            Some(found) => {
                self.problem(operand.span, format!("{} needs a number, but is before {found}", op.symbol()))
            }
            None => Code::Unary(op, Box::new(code), span),
        }
    }

    fn binary(&mut self, op: BinaryOp, a: &Expr, b: &Expr, span: Span) -> Code {
        let sides = [(a, self.expression(a)), (b, self.expression(b))];
        for (expression, code) in &sides {
            if let Some(found) = misfit_of_operand(op, code) {
                let wanted = match op {
                    BinaryOp::Add => "numbers or texts",
                    BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge => "numbers, texts or dates",
                    BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => "whole numbers",
                    _ => "numbers",
                };
                self.problem(expression.span, format!("{} needs {wanted}, but has {found}", op.symbol()));
            }
        }
        let [(_, a), (right, b)] = sides;
        if matches!(op, BinaryOp::Div | BinaryOp::Mod) && is_zero(&b) {
            self.problem(right.span, "this divides by zero".to_owned());
        }
        Code::Binary(op, Box::new(a), Box::new(b), span)
    }

    /// `=~` and `!~`. A pattern that is known now is compiled now.
    fn matches(&mut self, op: BinaryOp, a: &Expr, b: &Expr, span: Span) -> Result<Code, String> {
        let value = self.boxed(a);
        let wanted = op == BinaryOp::Match;
        if let ExprKind::String(pattern) = &b.kind {
            return Ok(match regex::Pattern::compile(pattern) {
                Ok(pattern) => Code::Matches(value, Pattern::Known(Box::new(pattern)), wanted, span),
                Err(message) => self.problem(b.span, message),
            });
        }
        Ok(Code::Matches(value, Pattern::Computed(self.boxed(b)), wanted, span))
    }

    /// A condition; the same text in another mapping is evaluated once for both.
    fn condition(&mut self, condition: &Expr) -> Code {
        let code = self.expression(condition);
        if !code.is_of_record() {
            return code;
        }
        let text = condition.to_string();
        let index = self.conditions.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.conditions.push(text);
            self.conditions.len() - 1
        });
        Code::Shared(index as u16, Box::new(code))
    }

    /// A path that begins with a lambda's parameter.
    fn local(&mut self, path: &Path) -> Option<Result<Code, String>> {
        let (Segment::Name(first), rest) = path.segments.split_first()? else { return None };
        let index = self.locals.iter().rposition(|name| name == first)?;
        Some(rest.iter().try_fold(Code::Local(index as u16), |code, segment| match segment {
            Segment::Name(name) => Ok(Code::Member(Box::new(code), name.clone())),
            Segment::Index(index) => {
                Ok(Code::Index(Box::new(code), Box::new(Code::Const(Value::integer((*index).into())))))
            }
            _ => Err(format!(
                "{path}: [*] and the like do not follow a lambda's parameter; use a lambda inside the lambda"
            )),
        }))
    }

    fn call(&mut self, name: &str, args: &[Expr], span: Span) -> Result<Code, String> {
        match (name, args) {
            ("iif", [condition, yes, no]) => Ok(Code::Ternary(Box::new([
                self.condition(condition),
                self.expression(yes),
                self.expression(no),
            ]))),
            ("iif", _) => Err(wrong_count("iif", 3, 3, args.len())),
            ("coalesce", [_]) => Ok(called(&functions::COALESCE_ONE, self.all(args), span)),
            ("coalesce", [_, ..]) => Ok(Code::Coalesce(self.all(args))),
            ("coalesce", []) => Err(wrong_count("coalesce", 1, functions::ANY, 0)),
            ("filterArray" | "transformArray", [array, lambda]) => {
                let code = self.expecting(Kind::Array, &format!("the first argument of {name}"), array);
                let ExprKind::Lambda(parameters, body) = &lambda.kind else {
                    let message = format!("the second argument of {name} must be a lambda such as x -> x");
                    return Ok(self.problem(lambda.span, message));
                };
                let [parameter] = parameters.as_slice() else {
                    let message = format!("the lambda of {name} has one parameter");
                    return Ok(self.problem(lambda.span, message));
                };
                let local = self.locals.len() as u16;
                self.locals.push(parameter.clone());
                let body = self.boxed(body);
                self.locals.pop();
                let cost = body.cost();
                let filter = name == "filterArray";
                let each = Code::EachElement { filter, array: Box::new(code), local, body, cost };
                Ok(Code::At(span, Box::new(each)))
            }
            ("filterArray" | "transformArray", _) => Err(wrong_count(name, 2, 2, args.len())),
            ("contains_key" | "is_set", [path]) if !matches!(path.kind, ExprKind::String(_)) => {
                let example = match &path.kind {
                    ExprKind::Path(path) => path.to_string(),
                    _ => "a.b".to_owned(),
                };
                Err(format!("the path of {name} must be a text in quotes: {name}(\"{example}\")"))
            }
            ("object_to_map", [_, second]) if bare_name(second).is_some() => {
                let mut codes = self.all(args);
                let name = bare_name(second).unwrap_or_default();
                codes.push(Code::Const(Value::String(Cow::Owned(name.to_owned()))));
                Ok(called(&functions::OBJECT_TO_MAP_NAMED, codes, span))
            }
            _ => {
                let codes = self.all(args);
                let function = self.function(name)?;
                let places: Vec<Span> = args.iter().map(|arg| arg.span).collect();
                self.apply(function, codes, &places, span)
            }
        }
    }

    /// `value.name(…)`: one of Java's methods, or a function with the value as its first argument.
    fn method(&mut self, object: &Expr, name: &str, args: &[Expr], span: Span) -> Result<Code, String> {
        let mut codes = vec![self.expression(object)];
        codes.extend(self.all(args));
        let function = match functions::method(name) {
            Some(method) => method,
            None => self.function(name)?,
        };
        if function.min == 0 {
            return Err(format!("{name} takes no value before the dot; write {name}()"));
        }
        let places: Vec<Span> = std::iter::once(object).chain(args).map(|arg| arg.span).collect();
        self.apply(function, codes, &places, span)
    }

    fn function(&self, name: &str) -> Result<&'static Function, String> {
        self.functions.0.get(name).copied().ok_or_else(|| {
            if functions::SPECIAL.contains(&name) {
                return format!("{name} is not a method; write {name}(…)");
            }
            let known = self.functions.0.keys().copied().chain(functions::SPECIAL);
            let hint = functions::nearest(name, known)
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            format!("there is no function {name}{hint}")
        })
    }

    /// A call with its arguments checked: how many, and whether they can ever fit.
    fn apply(
        &mut self,
        function: &'static Function,
        args: Vec<Code>,
        places: &[Span],
        span: Span,
    ) -> Result<Code, String> {
        let (name, count) = (function.name, args.len());
        if count < function.min.into() || (function.max != functions::ANY && count > function.max.into()) {
            return Err(wrong_count(name, function.min, function.max, count));
        }
        if function.pairs && count > 1 && !count.is_multiple_of(2) {
            return Err(format!("{name} takes a value after each key, but {count} arguments are given"));
        }
        for (index, (arg, place)) in args.iter().zip(places).enumerate() {
            let wanted = function.takes.get(index).or(function.takes.last()).copied().unwrap_or(Kind::Any);
            if let Some(found) = misfit(arg, wanted) {
                let nth = ordinal(index);
                let message =
                    format!("the {nth} argument of {name} must be {}, but is {found}", noun(wanted));
                self.problem(*place, message);
            }
        }
        let mut prepared = None;
        if let Some((index, prepare)) = function.prepare
            && let Some(Code::Const(Value::String(text))) = args.get(usize::from(index))
        {
            match prepare(text) {
                Ok(made) => prepared = Some(made),
                Err(message) => {
                    let place = places.get(usize::from(index)).copied().unwrap_or(span);
                    return Ok(self.problem(place, format!("{name}: {message}")));
                }
            }
        }
        Ok(Code::Call(Box::new(Call { function, prepared, span }), args))
    }
}

/// A call of a function that has no name of its own in expressions.
fn called(function: &'static Function, args: Vec<Code>, span: Span) -> Code {
    Code::Call(Box::new(Call { function, prepared: None, span }), args)
}

/// The name when the expression is nothing but one.
fn bare_name(expression: &Expr) -> Option<&str> {
    match &expression.kind {
        ExprKind::Path(Path { segments }) => match segments.as_slice() {
            [Segment::Name(name)] => Some(name),
            _ => None,
        },
        _ => None,
    }
}

/// `first`, `second` and so on, from 0.
fn ordinal(index: usize) -> String {
    const WORDS: [&str; 6] = ["first", "second", "third", "fourth", "fifth", "sixth"];
    WORDS.get(index).map_or_else(|| format!("{}th", index + 1), |word| (*word).to_owned())
}

fn wrong_count(name: &str, min: u8, max: u8, found: usize) -> String {
    let wanted = match (min, max) {
        (min, max) if min == max => min.to_string(),
        (min, functions::ANY) => format!("at least {min}"),
        (min, max) => format!("{min} to {max}"),
    };
    let noun = if wanted == "1" || wanted == "at least 1" { "argument" } else { "arguments" };
    let verb = if found == 1 { "is" } else { "are" };
    format!("{name} takes {wanted} {noun}, but {found} {verb} given")
}
