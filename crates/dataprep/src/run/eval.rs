//! Expressions as they run: the parsed form with every path, function and constant resolved.

pub(crate) use crate::compile::reads::Source;
use crate::expr::{BinaryOp, Span, UnaryOp};
use crate::functions::{self, CallEnv, Clock, Failure, Function, Prepared};
use crate::regex;
use crate::run::budget::{Budget, STEP};
use crate::run::capture::Captured;
use crate::run::compare::{equal, truth};
use crate::run::operators::{binary, empty, is_among, size, unary};
use crate::run::source::{ScopeId, SlotRef, SourceTree};
use crate::run::write;
use crate::sets::mapping_set::XdmType;
use crate::values::value::Value;
use std::any::Any;

/// Longest range (`1..n`) that is built.
const MAX_RANGE: u64 = 10_000;

/// A resolved expression.
#[derive(Debug)]
pub(crate) enum Code {
    Const(Value<'static>),
    Slot(SlotRef),
    /// The key of a `{*}` element.
    Key(ScopeId),
    /// All values below the scopes, outermost first, as one array.
    Collect(Vec<ScopeId>, Box<Code>),
    Context(u16),
    /// A lambda's parameter, counted from the outermost lambda's first.
    Local(u16),
    Member(Box<Code>, String),
    Index(Box<Code>, Box<Code>),
    /// Operators know their place, for the message when they fail.
    Unary(UnaryOp, Box<Code>, Span),
    Binary(BinaryOp, Box<Code>, Box<Code>, Span),
    /// `=~` (true) or `!~`.
    Matches(Box<Code>, Pattern, bool, Span),
    Ternary(Box<[Code; 3]>),
    /// A condition that several mappings share and that holds or not for the whole record: which one,
    /// and how to find out.
    Shared(u16, Box<Code>),
    /// The first that is neither null nor false nor empty, else the second.
    Elvis(Box<[Code; 2]>),
    Coalesce(Vec<Code>),
    Call(Box<Call>, Vec<Code>),
    /// `filterArray` (true) or `transformArray`: the array and the lambda's body with its parameter.
    EachElement {
        filter: bool,
        array: Box<Code>,
        local: u16,
        body: Box<Code>,
        /// What the budget pays for each element, see [`Code::cost`].
        cost: u64,
    },
    Array(Vec<Code>),
    Map(Vec<(Code, Code)>),
    Empty(Box<Code>),
    Size(Box<Code>),
    Range(Box<[Code; 2]>),
    /// A path inside a lambda: looked at again for each element, which costs.
    Repeated(Box<Code>),
    /// Rarer things that can fail, and where they stand in the text.
    At(Span, Box<Code>),
}

/// The right side of `=~`.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// A constant pattern.
    Known(Box<regex::Pattern>),
    /// A pattern that depends on the record, an array, an object, or anything to be equal to.
    Computed(Box<Code>),
}

/// A function as a place of an expression calls it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    /// What was made of a constant argument.
    pub(crate) prepared: Option<Prepared>,
    /// Where the call stands in the text.
    pub(crate) span: Span,
}

/// What an expression runs against.
pub(crate) struct Env<'r, 'a> {
    pub(crate) input: &'a str,
    pub(crate) tree: &'r SourceTree,
    pub(crate) captured: &'r Captured,
    pub(crate) instance: u32,
    pub(crate) context: &'r [Value<'a>],
    pub(crate) host: &'r dyn Any,
    pub(crate) notes: Vec<(&'static str, String)>,
    pub(crate) clock: &'r mut Clock,
    /// What the record may still cost.
    pub(crate) budget: Budget,
    /// Values of the lambdas' parameters around the current place.
    pub(crate) locals: Vec<Value<'a>>,
    /// What is known of the shared conditions.
    pub(crate) shared: &'r mut [Option<bool>],
}

impl Env<'_, '_> {
    /// What a call may use.
    #[inline(always)]
    fn of<'c>(&'c mut self, call: &'c Call) -> CallEnv<'c> {
        CallEnv {
            host: self.host,
            notes: &mut self.notes,
            prepared: call.prepared.as_ref(),
            record: self.input,
            clock: self.clock,
            budget: &mut self.budget,
        }
    }
}

type Result<T> = std::result::Result<T, Failure>;

impl Code {
    /// Runs the expression.
    pub(crate) fn eval<'a>(&self, env: &mut Env<'_, 'a>) -> Result<Value<'a>> {
        Ok(match self {
            Code::Const(value) => lend(value),
            Code::Slot(slot) => Value::from_span(env.input, env.captured.span(*slot, env.instance)),
            Code::Context(index) => env.context.get(*index as usize).cloned().unwrap_or(Value::Null),
            Code::Unary(op, operand, span) => unary(*op, operand.eval(env)?).map_err(|f| f.at(*span))?,
            Code::Binary(BinaryOp::And | BinaryOp::Or | BinaryOp::Eq | BinaryOp::Ne, ..)
            | Code::Shared(..) => Value::Bool(self.holds(env)?),
            Code::Binary(op, a, b, span) => {
                let a = a.eval(env)?;
                let b = b.eval(env)?;
                let result = binary(*op, a, b).and_then(|value| env.budget.made(&value).map(|()| value));
                result.map_err(|failure| failure.at(*span))?
            }
            Code::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                if condition.holds(env)? { yes.eval(env)? } else { no.eval(env)? }
            }
            Code::Coalesce(choices) => {
                for choice in choices {
                    let value = choice.eval(env)?;
                    if !value.is_null() {
                        return Ok(value);
                    }
                }
                Value::Null
            }
            Code::Call(call, args) => {
                let value = apply(call, args, env, Value::Null, call.function.call)?;
                env.budget.made(&value).map_err(|failure| failure.at(call.span))?;
                value
            }
            rare => rare.eval_rare(env)?,
        })
    }

    /// Runs the expression and appends its value. The choices at the top (`iif`, `coalesce`) and plain
    /// paths below them, which are most of the default models, are written straight from the input.
    pub(crate) fn write(
        &self,
        env: &mut Env<'_, '_>,
        wanted: Option<XdmType>,
        to: &mut Vec<u8>,
    ) -> Result<write::Written> {
        match self {
            Code::Slot(slot) => {
                Ok(write::span(env.input, env.captured.span(*slot, env.instance), wanted, to))
            }
            Code::Const(value) => Ok(write::value(value, wanted, to)),
            Code::Context(index) => Ok(env
                .context
                .get(*index as usize)
                .map_or(Ok(false), |value| write::value(value, wanted, to))),
            Code::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                if condition.holds(env)? { yes.write(env, wanted, to) } else { no.write(env, wanted, to) }
            }
            Code::Coalesce(choices) => {
                for choice in choices {
                    if let Code::Slot(slot) = choice {
                        let span = env.captured.span(*slot, env.instance);
                        if span.is_present() {
                            return Ok(write::span(env.input, span, wanted, to));
                        }
                        continue;
                    }
                    let value = choice.eval(env)?;
                    if !value.is_null() {
                        return Ok(write::value(&value, wanted, to));
                    }
                }
                Ok(Ok(false))
            }
            Code::Call(call, args) => match call.function.writer {
                Some((xdm_type, writer)) if wanted == Some(xdm_type) => {
                    apply(call, args, env, false, |values, env| writer(values, env, to)).map(Ok)
                }
                _ => Ok(write::value(&self.eval(env)?, wanted, to)),
            },
            other => Ok(write::value(&other.eval(env)?, wanted, to)),
        }
    }

    /// What few mappings use, kept apart so that the common steps stay small.
    #[inline(never)]
    fn eval_rare<'a>(&self, env: &mut Env<'_, 'a>) -> Result<Value<'a>> {
        Ok(match self {
            Code::Key(scope) => {
                let key = env.captured.key(*scope, env.instance);
                Value::String(crate::values::json::unescape(key.text(env.input)))
            }
            Code::Collect(scopes, body) => {
                let mut all = Vec::new();
                collect(scopes, body, env, &mut all)?;
                if all.is_empty() { Value::Null } else { Value::Array(all) }
            }
            Code::Member(object, name) => match &**object {
                // A parameter's field, without a copy of the whole element.
                Code::Local(index) => match env.locals.get(*index as usize) {
                    Some(element) => {
                        env.budget.look(element)?;
                        let member = element.member(name);
                        env.budget.made(&member)?;
                        member
                    }
                    None => Value::Null,
                },
                object => object.eval(env)?.member(name),
            },
            Code::Index(array, index) => {
                let array = array.eval(env)?;
                match index.eval(env)? {
                    Value::String(name) => array.member(&name),
                    index => usize::try_from(functions::whole(&index, "an index")?)
                        .map_or(Value::Null, |index| array.element(index)),
                }
            }
            Code::Elvis(parts) => {
                let [first, second] = &**parts;
                let value = first.eval(env)?;
                if truth(&value) { value } else { second.eval(env)? }
            }
            Code::EachElement { filter, array, local, body, cost } => {
                let elements = match array.eval(env)? {
                    Value::Null => return Ok(Value::Null),
                    Value::Array(elements) => elements,
                    other => other.elements().ok_or_else(|| {
                        Failure::new(format!("expected an array, but found {}", other.kind_name()))
                    })?,
                };
                let mut made = Vec::new();
                for element in elements {
                    env.budget.spend(*cost)?;
                    env.locals.truncate(*local as usize);
                    env.locals.push(element);
                    let value = body.eval(env)?;
                    if !*filter {
                        made.push(value);
                    } else if truth(&value) {
                        env.locals.truncate(*local as usize + 1);
                        made.extend(env.locals.pop());
                    }
                }
                env.locals.truncate(*local as usize);
                Value::Array(made)
            }
            Code::Array(items) => {
                Value::Array(items.iter().map(|item| item.eval(env)).collect::<Result<_>>()?)
            }
            Code::Map(members) => {
                let mut made = Vec::with_capacity(members.len());
                for (key, value) in members {
                    let key = functions::text(&key.eval(env)?, "a map's key")?;
                    made.push((key, value.eval(env)?));
                }
                Value::Object(made)
            }
            Code::Empty(value) => Value::Bool(empty(&value.eval(env)?)),
            Code::Size(value) => Value::integer(size(&value.eval(env)?)? as i64),
            Code::Range(ends) => {
                let [from, to] = &**ends;
                let from = functions::whole(&from.eval(env)?, "the start of a range")?;
                let to = functions::whole(&to.eval(env)?, "the end of a range")?;
                if from.abs_diff(to) >= MAX_RANGE {
                    return Err(Failure::new(format!("a range may hold at most {MAX_RANGE} numbers")));
                }
                env.budget.spend((from.abs_diff(to) + 1) * 2 * STEP)?;
                // As in JEXL, 3..1 counts down.
                match from <= to {
                    true => Value::Array((from..=to).map(Value::integer).collect()),
                    false => Value::Array((to..=from).rev().map(Value::integer).collect()),
                }
            }
            Code::Local(index) => {
                let value = env.locals.get(*index as usize).unwrap_or(&Value::Null);
                env.budget.look(value)?;
                env.budget.made(value)?;
                value.clone()
            }
            Code::Repeated(path) => {
                let value = path.eval(env)?;
                env.budget.look(&value)?;
                value
            }
            Code::Matches(value, pattern, wanted, span) => {
                let found = matches(value, pattern, env).map_err(|failure| failure.at(*span))?;
                Value::Bool(found == *wanted)
            }
            Code::At(span, inner) => inner.eval(env).map_err(|failure| failure.at(*span))?,
            Code::Const(_)
            | Code::Slot(_)
            | Code::Context(_)
            | Code::Unary(..)
            | Code::Binary(..)
            | Code::Shared(..)
            | Code::Ternary(_)
            | Code::Coalesce(_)
            | Code::Call(..) => Value::Null,
        })
    }

    /// Whether the expression is true, without making a value of it where that can be avoided:
    /// conditions are most of what runs for an object.
    fn holds(&self, env: &mut Env<'_, '_>) -> Result<bool> {
        Ok(match self {
            Code::Shared(index, condition) => match env.shared.get(*index as usize) {
                Some(Some(known)) => *known,
                _ => {
                    let found = condition.holds(env)?;
                    if let Some(known) = env.shared.get_mut(*index as usize) {
                        *known = Some(found);
                    }
                    found
                }
            },
            Code::Binary(BinaryOp::And, a, b, _) => a.holds(env)? && b.holds(env)?,
            Code::Binary(BinaryOp::Or, a, b, _) => a.holds(env)? || b.holds(env)?,
            Code::Unary(UnaryOp::Not, operand, _) => !operand.holds(env)?,
            Code::Binary(op @ (BinaryOp::Eq | BinaryOp::Ne), a, b, _) => {
                let same = match (&**a, &**b) {
                    (Code::Slot(slot), Code::Const(constant)) => {
                        equal(&Value::from_span(env.input, env.captured.span(*slot, env.instance)), constant)
                    }
                    (a, Code::Const(constant)) => equal(&a.eval(env)?, constant),
                    (a, b) => {
                        let a = a.eval(env)?;
                        equal(&a, &b.eval(env)?)
                    }
                };
                same == (*op == BinaryOp::Eq)
            }
            Code::Context(index) => env.context.get(*index as usize).is_some_and(truth),
            other => truth(&other.eval(env)?),
        })
    }
}

/// A constant for the time of one call, without copying its text.
fn lend<'a>(value: &Value<'static>) -> Value<'a> {
    match value {
        Value::Null => Value::Null,
        Value::Bool(value) => Value::Bool(*value),
        other => other.clone(),
    }
}

fn collect<'a>(
    scopes: &[ScopeId],
    body: &Code,
    env: &mut Env<'_, 'a>,
    all: &mut Vec<Value<'a>>,
) -> Result<()> {
    let Some((scope, deeper)) = scopes.split_first() else {
        let value = body.eval(env)?;
        if !value.is_null() {
            env.budget.spend(STEP)?;
            all.push(value);
        }
        return Ok(());
    };
    // The nearest instance of the scope's parent that encloses the current one.
    let parent_scope = env.tree.scopes[*scope as usize].parent;
    let outer = env.instance;
    let mut parent = outer;
    while parent != 0 && env.captured.instances[parent as usize].scope != parent_scope {
        parent = env.captured.instances[parent as usize].parent;
    }
    let mut element = env.captured.first(env.tree, *scope, parent);
    while element != 0 {
        env.instance = element;
        let result = collect(deeper, body, env, all);
        env.instance = outer;
        result?;
        element = env.captured.instances[element as usize].next;
    }
    Ok(())
}

/// `=~`: whether a text wholly matches a pattern, or a value is among others.
fn matches(value: &Code, pattern: &Pattern, env: &mut Env<'_, '_>) -> Result<bool> {
    let value = value.eval(env)?;
    let full_match = |pattern: &regex::Pattern, budget: &mut Budget| match &value {
        Value::Null => Ok(false),
        value => pattern.is_full_match(&functions::text(value, "the left side of =~")?, budget),
    };
    match pattern {
        Pattern::Known(pattern) => full_match(pattern, &mut env.budget),
        Pattern::Computed(code) => match code.eval(env)? {
            Value::String(pattern) => {
                // Compiling takes more time than reading.
                env.budget.take(pattern.len().saturating_mul(64))?;
                full_match(&regex::Pattern::from_data(&pattern)?, &mut env.budget)
            }
            container => is_among(&value, &container, &mut env.budget),
        },
    }
}

/// Evaluates the arguments and hands them to `run`; `null` is the result of a strict function whose
/// first argument is null.
#[inline(always)]
fn apply<'a, T>(
    call: &Call,
    args: &[Code],
    env: &mut Env<'_, 'a>,
    null: T,
    run: impl FnOnce(&mut [Value<'a>], &mut CallEnv<'_>) -> Result<T>,
) -> Result<T> {
    let run = |values: &mut [Value<'a>], env: &mut Env<'_, 'a>| {
        run(values, &mut env.of(call)).map_err(|failure| failure.at(call.span))
    };
    let Some((first, rest)) = args.split_first() else {
        return run(&mut [], env);
    };
    let first = argument(first, env)?;
    if call.function.strict && first.is_null() {
        return Ok(null);
    }
    // Most calls have one or two arguments: those need no allocation.
    match rest {
        [] => run(&mut [first], env),
        [second] => {
            let mut values = [first, argument(second, env)?];
            run(&mut values, env)
        }
        _ => {
            let mut values = Vec::with_capacity(args.len());
            values.push(first);
            for arg in rest {
                values.push(argument(arg, env)?);
            }
            run(&mut values, env)
        }
    }
}

/// An argument's value; a plain path, which most are, without a call.
#[inline(always)]
fn argument<'a>(code: &Code, env: &mut Env<'_, 'a>) -> Result<Value<'a>> {
    match code {
        Code::Slot(slot) => Ok(Value::from_span(env.input, env.captured.span(*slot, env.instance))),
        other => other.eval(env),
    }
}
