//! From a parsed expression to one that runs: paths become slots, names become functions.

use crate::eval::{Call, Code};
use crate::expr::{BinaryOp, Expr, ExprKind, Path, Segment};
use crate::functions::{self, Function};
use crate::source::{ScopeId, SourceTree};
use crate::value::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The functions that expressions may call, by name.
pub(crate) struct Functions(BTreeMap<&'static str, &'static Function>);

impl Functions {
    /// Adobe's functions and `added` ones.
    pub(crate) fn new(added: &'static [Function]) -> Self {
        Self(added.iter().chain(functions::table()).map(|function| (function.name, function)).collect())
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

    fn all(&mut self, expressions: &[Expr]) -> Result<Vec<Code>, String> {
        expressions.iter().map(|expression| self.expression(expression)).collect()
    }

    fn boxed(&mut self, expression: &Expr) -> Result<Box<Code>, String> {
        self.expression(expression).map(Box::new)
    }

    /// An expression.
    pub(crate) fn expression(&mut self, expression: &Expr) -> Result<Code, String> {
        Ok(match &expression.kind {
            ExprKind::Null => Code::Const(Value::Null),
            ExprKind::Bool(value) => Code::Const(Value::Bool(*value)),
            ExprKind::Number(text) => Code::Const(Value::Number(Cow::Owned(text.clone()))),
            ExprKind::String(text) => Code::Const(Value::String(Cow::Owned(text.clone()))),
            ExprKind::Path(path) => match self.local(path) {
                Some(code) => code,
                None => self.path(path)?,
            },
            ExprKind::Array(items) => Code::Array(self.all(items)?),
            ExprKind::Map(members) => Code::Map(
                members
                    .iter()
                    .map(|(key, value)| Ok((self.expression(key)?, self.expression(value)?)))
                    .collect::<Result<_, String>>()?,
            ),
            ExprKind::Unary(op, operand) => Code::Unary(*op, self.boxed(operand)?),
            ExprKind::Binary(op @ (BinaryOp::Match | BinaryOp::NotMatch), a, b) => {
                if !matches!(b.kind, ExprKind::Array(_) | ExprKind::Path(_) | ExprKind::Range(..)) {
                    return Err(
                        "patterns to the right of =~ are not part of this build; compare with ==, =^ or =$, \
                                or list the values in an array"
                            .to_owned(),
                    );
                }
                Code::Binary(*op, self.boxed(a)?, self.boxed(b)?)
            }
            ExprKind::Binary(op, a, b) => Code::Binary(*op, self.boxed(a)?, self.boxed(b)?),
            ExprKind::Ternary(condition, yes, no) => Code::Ternary(Box::new([
                self.condition(condition)?,
                self.expression(yes)?,
                self.expression(no)?,
            ])),
            ExprKind::Elvis(a, b) => Code::Elvis(Box::new([self.expression(a)?, self.expression(b)?])),
            ExprKind::Coalesce(a, b) => Code::Coalesce(vec![self.expression(a)?, self.expression(b)?]),
            ExprKind::Call(name, args) => self.call(name, args)?,
            ExprKind::Method(object, name, args) => {
                let mut codes = vec![self.expression(object)?];
                codes.extend(self.all(args)?);
                self.function(
                    METHODS.iter().find(|(java, _)| java == name).map_or(name, |(_, ours)| ours),
                    codes,
                )?
            }
            ExprKind::Lambda(..) => {
                return Err(
                    "a lambda can only be the second argument of filterArray or transformArray".to_owned()
                );
            }
            ExprKind::Member(object, name) => Code::Member(self.boxed(object)?, name.clone()),
            ExprKind::Index(array, index) => Code::Index(self.boxed(array)?, self.boxed(index)?),
            ExprKind::Empty(value) => Code::Empty(self.boxed(value)?),
            ExprKind::Size(value) => Code::Size(self.boxed(value)?),
            ExprKind::Range(from, to) => {
                Code::Range(Box::new([self.expression(from)?, self.expression(to)?]))
            }
        })
    }

    /// A condition; the same text in another mapping is evaluated once for both.
    fn condition(&mut self, condition: &Expr) -> Result<Code, String> {
        let code = self.expression(condition)?;
        if !code.is_of_record() {
            return Ok(code);
        }
        let text = condition.to_string();
        let index = self.conditions.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.conditions.push(text);
            self.conditions.len() - 1
        });
        Ok(Code::Shared(index as u16, Box::new(code)))
    }

    /// A path that begins with a lambda's parameter.
    fn local(&mut self, path: &Path) -> Option<Code> {
        let (Segment::Name(first), rest) = path.segments.split_first()? else { return None };
        let index = self.locals.iter().rposition(|name| name == first)?;
        rest.iter().try_fold(Code::Local(index as u16), |code, segment| match segment {
            Segment::Name(name) => Some(Code::Member(Box::new(code), name.clone())),
            Segment::Index(index) => {
                Some(Code::Index(Box::new(code), Box::new(Code::Const(Value::integer((*index).into())))))
            }
            _ => None,
        })
    }

    fn call(&mut self, name: &str, args: &[Expr]) -> Result<Code, String> {
        match (name, args) {
            ("iif", [condition, yes, no]) => Ok(Code::Ternary(Box::new([
                self.condition(condition)?,
                self.expression(yes)?,
                self.expression(no)?,
            ]))),
            ("iif", _) => Err(wrong_count("iif", 3, 3, args.len())),
            ("coalesce", [_]) => Ok(hidden(&functions::COALESCE_ONE, self.all(args)?)),
            ("coalesce", [_, ..]) => Ok(Code::Coalesce(self.all(args)?)),
            ("coalesce", []) => Err(wrong_count("coalesce", 1, functions::ANY, 0)),
            ("filterArray" | "transformArray", [array, lambda]) => {
                let ExprKind::Lambda(parameters, body) = &lambda.kind else {
                    return Err(format!("the second argument of {name} must be a lambda such as x -> x"));
                };
                let [parameter] = parameters.as_slice() else {
                    return Err(format!("the lambda of {name} has one parameter"));
                };
                let array = self.boxed(array)?;
                let local = self.locals.len() as u16;
                self.locals.push(parameter.clone());
                let body = self.boxed(body);
                self.locals.pop();
                Ok(Code::EachElement { filter: name == "filterArray", array, local, body: body? })
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
                let mut codes = self.all(args)?;
                let name = bare_name(second).unwrap_or_default();
                codes.push(Code::Const(Value::String(Cow::Owned(name.to_owned()))));
                Ok(hidden(&functions::OBJECT_TO_MAP_NAMED, codes))
            }
            _ => {
                let args = self.all(args)?;
                self.function(name, args)
            }
        }
    }

    fn function(&self, name: &str, args: Vec<Code>) -> Result<Code, String> {
        let Some(function) = self.functions.0.get(name).copied() else {
            let known = self.functions.0.keys().copied().chain(functions::SPECIAL);
            let hint = functions::nearest(name, known)
                .map_or_else(String::new, |near| format!("; did you mean {near}?"));
            return Err(format!("there is no function {name}{hint}"));
        };
        let fits = args.len() >= function.min.into()
            && (function.max == functions::ANY || args.len() <= function.max.into());
        if !fits {
            return Err(wrong_count(name, function.min, function.max, args.len()));
        }
        if function.pairs && args.len() > 1 && !args.len().is_multiple_of(2) {
            return Err(format!(
                "{name} takes a value after each key, but {} arguments are given",
                args.len()
            ));
        }
        let prepared = match function.prepare {
            Some((index, prepare)) => match args.get(usize::from(index)) {
                Some(Code::Const(Value::String(text))) => {
                    Some(prepare(text).map_err(|message| format!("{name}: {message}"))?)
                }
                _ => None,
            },
            None => None,
        };
        Ok(Code::Call(Box::new(Call { function, prepared }), args))
    }
}

/// A call of a function that has no name of its own in expressions.
fn hidden(function: &'static Function, args: Vec<Code>) -> Code {
    Code::Call(Box::new(Call { function, prepared: None }), args)
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

/// Java's method names for functions that Data Prep names otherwise.
const METHODS: &[(&str, &str)] =
    &[("toLowerCase", "lower"), ("toUpperCase", "upper"), ("size", "size_of"), ("length", "size_of")];

fn wrong_count(name: &str, min: u8, max: u8, found: usize) -> String {
    let wanted = match (min, max) {
        (min, max) if min == max => min.to_string(),
        (min, functions::ANY) => format!("at least {min}"),
        (min, max) => format!("{min} to {max}"),
    };
    let noun = if wanted == "1" || wanted == "at least 1" { "argument" } else { "arguments" };
    format!("{name} takes {wanted} {noun}, but {found} are given")
}
