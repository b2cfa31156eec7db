//! Expressions as they run: the parsed form with every path, function and constant resolved.

use crate::budget::{Budget, STEP};
use crate::capture::Captured;
use crate::expr::{BinaryOp, UnaryOp};
use crate::functions::{self, CallEnv, Clock, Failure, Function, Prepared};
use crate::mapping_set::XdmType;
use crate::operators::{binary, equal, truth, unary};
use crate::source::{ScopeId, SlotRef, SourceTree};
use crate::value::Value;
use crate::write;
use std::any::Any;

/// Longest range (`1..n`) that is built.
const MAX_RANGE: i64 = 10_000;

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
    Unary(UnaryOp, Box<Code>),
    Binary(BinaryOp, Box<Code>, Box<Code>),
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
    },
    Array(Vec<Code>),
    Map(Vec<(Code, Code)>),
    Empty(Box<Code>),
    Size(Box<Code>),
    Range(Box<[Code; 2]>),
}

/// A function as a place of an expression calls it.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: &'static Function,
    /// What was made of a constant argument.
    pub(crate) prepared: Option<Prepared>,
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
            Code::Local(index) => env.locals.get(*index as usize).cloned().unwrap_or(Value::Null),
            Code::Unary(op, operand) => unary(*op, operand.eval(env)?)?,
            Code::Binary(BinaryOp::And | BinaryOp::Or | BinaryOp::Eq | BinaryOp::Ne, ..)
            | Code::Shared(..) => Value::Bool(self.holds(env)?),
            Code::Binary(op, a, b) => {
                let a = a.eval(env)?;
                binary(*op, a, b.eval(env)?)?
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
            Code::Call(call, args) => apply(call, args, env, Value::Null, call.function.call)?,
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
                Value::String(crate::json::unescape(key.text(env.input)))
            }
            Code::Collect(scopes, body) => {
                let mut all = Vec::new();
                collect(scopes, body, env, &mut all)?;
                if all.is_empty() { Value::Null } else { Value::Array(all) }
            }
            Code::Member(object, name) => object.eval(env)?.member(name),
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
            Code::EachElement { filter, array, local, body } => {
                let array = array.eval(env)?;
                if array.is_null() {
                    return Ok(Value::Null);
                }
                let elements = array.elements().ok_or_else(|| {
                    Failure::new(format!("expected an array, but found {}", array.kind_name()))
                })?;
                let mut made = Vec::with_capacity(elements.len());
                for element in elements {
                    env.locals.truncate(*local as usize);
                    env.locals.push(element.clone());
                    let value = body.eval(env)?;
                    match filter {
                        true if truth(&value) => made.push(element),
                        true => {}
                        false => made.push(value),
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
            Code::Empty(value) => Value::Bool(functions::empty(&value.eval(env)?)),
            Code::Size(value) => match value.eval(env)? {
                Value::Null => Value::integer(0),
                Value::String(text) => Value::integer(text.chars().count() as i64),
                value => {
                    let size = value.elements().map(|e| e.len()).or_else(|| value.members().map(|m| m.len()));
                    let size =
                        size.ok_or_else(|| Failure::new(format!("{} has no size", value.kind_name())))?;
                    Value::integer(size as i64)
                }
            },
            Code::Range(ends) => {
                let [from, to] = &**ends;
                let from = functions::whole(&from.eval(env)?, "the start of a range")?;
                let to = functions::whole(&to.eval(env)?, "the end of a range")?;
                if to.saturating_sub(from) >= MAX_RANGE {
                    return Err(Failure::new("a range may hold at most 10000 numbers"));
                }
                Value::Array((from..=to).map(Value::integer).collect())
            }
            Code::Const(_)
            | Code::Slot(_)
            | Code::Context(_)
            | Code::Local(_)
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
            Code::Binary(BinaryOp::And, a, b) => a.holds(env)? && b.holds(env)?,
            Code::Binary(BinaryOp::Or, a, b) => a.holds(env)? || b.holds(env)?,
            Code::Unary(UnaryOp::Not, operand) => !operand.holds(env)?,
            Code::Binary(op @ (BinaryOp::Eq | BinaryOp::Ne), a, b) => {
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

    /// Whether the value depends on nothing but the record as a whole, so that it is the same wherever
    /// in the record it is asked for.
    pub(crate) fn is_of_record(&self) -> bool {
        let mut of_record = !self.reads_locals();
        self.visit_sources(&mut |source| match source {
            Source::Slot(slot) => of_record &= slot.scope == 0,
            Source::Scope(_) => of_record = false,
        });
        of_record
    }

    fn reads_locals(&self) -> bool {
        match self {
            Code::Local(_) | Code::EachElement { .. } => true,
            Code::Const(_) | Code::Slot(_) | Code::Key(_) | Code::Context(_) => false,
            Code::Collect(_, inner)
            | Code::Member(inner, _)
            | Code::Unary(_, inner)
            | Code::Empty(inner)
            | Code::Size(inner)
            | Code::Shared(_, inner) => inner.reads_locals(),
            Code::Index(a, b) | Code::Binary(_, a, b) => a.reads_locals() || b.reads_locals(),
            Code::Ternary(parts) => parts.iter().any(Code::reads_locals),
            Code::Elvis(parts) | Code::Range(parts) => parts.iter().any(Code::reads_locals),
            Code::Coalesce(parts) | Code::Call(_, parts) | Code::Array(parts) => {
                parts.iter().any(Code::reads_locals)
            }
            Code::Map(members) => {
                members.iter().any(|(key, value)| key.reads_locals() || value.reads_locals())
            }
        }
    }

    /// Whether the expression surely gives null when every slot that it reads is absent; then it need
    /// not run at all. `false` means only that this is not known.
    pub(crate) fn null_when_absent(&self) -> bool {
        match self {
            Code::Const(value) => value.is_null(),
            Code::Slot(_) | Code::Collect(..) => true,
            Code::Member(object, _) => object.null_when_absent(),
            Code::Index(array, _) => array.null_when_absent(),
            Code::Coalesce(choices) => choices.iter().all(Code::null_when_absent),
            Code::Call(call, args) => {
                call.function.strict && args.first().is_some_and(Code::null_when_absent)
            }
            Code::EachElement { array, .. } => array.null_when_absent(),
            Code::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                match condition.truth_when_absent() {
                    Some(true) => yes.null_when_absent(),
                    Some(false) => no.null_when_absent(),
                    None => yes.null_when_absent() && no.null_when_absent(),
                }
            }
            Code::Elvis(parts) => parts[0].null_when_absent() && parts[1].null_when_absent(),
            _ => false,
        }
    }

    fn truth_when_absent(&self) -> Option<bool> {
        let is_null = |code: &Code| code.null_when_absent();
        let is_value = |code: &Code| matches!(code, Code::Const(value) if !value.is_null());
        match self {
            Code::Binary(BinaryOp::Eq, a, b) if is_null(a) && is_null(b) => Some(true),
            Code::Binary(BinaryOp::Ne, a, b) if is_null(a) && is_null(b) => Some(false),
            Code::Binary(BinaryOp::Eq, a, b)
                if (is_null(a) && is_value(b)) || (is_value(a) && is_null(b)) =>
            {
                Some(false)
            }
            Code::Binary(BinaryOp::And, a, b) => match (a.truth_when_absent(), b.truth_when_absent()) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Code::Binary(BinaryOp::Or, a, b) => match (a.truth_when_absent(), b.truth_when_absent()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Code::Unary(UnaryOp::Not, operand) => operand.truth_when_absent().map(|truth| !truth),
            Code::Shared(_, condition) => condition.truth_when_absent(),
            code if code.null_when_absent() => Some(false),
            _ => None,
        }
    }

    /// Calls `visit` for the sources without any of which an expression that is
    /// [`Code::null_when_absent`] gives null: fewer than it reads.
    pub(crate) fn visit_needed(&self, visit: &mut impl FnMut(Source)) {
        match self {
            Code::Call(call, args) if call.function.strict => {
                if let Some(first) = args.first() {
                    first.visit_needed(visit);
                }
            }
            Code::Member(inner, _) | Code::Index(inner, _) => inner.visit_needed(visit),
            Code::Coalesce(choices) => choices.iter().for_each(|choice| choice.visit_needed(visit)),
            Code::Ternary(parts) => {
                let [condition, yes, no] = &**parts;
                match condition.truth_when_absent() {
                    // Something must make the condition true before the first branch can matter.
                    Some(false) if no.null_when_absent() && yes.null_when_absent() => {
                        yes.visit_needed(visit);
                        no.visit_needed(visit);
                    }
                    _ => self.visit_sources(visit),
                }
            }
            _ => self.visit_sources(visit),
        }
    }

    /// Calls `visit` for every slot and scope that the expression reads.
    pub(crate) fn visit_sources(&self, visit: &mut impl FnMut(Source)) {
        match self {
            Code::Slot(slot) => visit(Source::Slot(*slot)),
            Code::Key(scope) => visit(Source::Scope(*scope)),
            Code::Collect(scopes, body) => {
                scopes.iter().for_each(|scope| visit(Source::Scope(*scope)));
                body.visit_sources(visit);
            }
            Code::Const(_) | Code::Context(_) | Code::Local(_) => {}
            Code::Member(inner, _)
            | Code::Unary(_, inner)
            | Code::Empty(inner)
            | Code::Size(inner)
            | Code::Shared(_, inner) => inner.visit_sources(visit),
            Code::Index(a, b) | Code::Binary(_, a, b) => {
                a.visit_sources(visit);
                b.visit_sources(visit);
            }
            Code::Ternary(parts) => parts.iter().for_each(|part| part.visit_sources(visit)),
            Code::Elvis(parts) | Code::Range(parts) => {
                parts.iter().for_each(|part| part.visit_sources(visit))
            }
            Code::Coalesce(parts) | Code::Call(_, parts) | Code::Array(parts) => {
                parts.iter().for_each(|part| part.visit_sources(visit));
            }
            Code::EachElement { array, body, .. } => {
                array.visit_sources(visit);
                body.visit_sources(visit);
            }
            Code::Map(members) => members.iter().for_each(|(key, value)| {
                key.visit_sources(visit);
                value.visit_sources(visit);
            }),
        }
    }
}

/// A place of the input that an expression reads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Slot(SlotRef),
    Scope(ScopeId),
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
    let Some((first, rest)) = args.split_first() else {
        return run(&mut [], &mut env.of(call));
    };
    let first = argument(first, env)?;
    if call.function.strict && first.is_null() {
        return Ok(null);
    }
    // Most calls have one or two arguments: those need no allocation.
    match rest {
        [] => run(&mut [first], &mut env.of(call)),
        [second] => {
            let mut values = [first, argument(second, env)?];
            run(&mut values, &mut env.of(call))
        }
        _ => {
            let mut values = Vec::with_capacity(args.len());
            values.push(first);
            for arg in rest {
                values.push(argument(arg, env)?);
            }
            run(&mut values, &mut env.of(call))
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
