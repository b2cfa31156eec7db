//! What an expression reads, found without running it: whether it can be skipped for a record, and whether
//! its value is the same everywhere in the record.

use crate::expr::{BinaryOp, UnaryOp};
use crate::run::budget::STEP;
use crate::run::eval::{Code, Pattern};
use crate::run::source::{ScopeId, SlotRef};
use crate::values::value::Value;

/// A place of the input that an expression reads.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Slot(SlotRef),
    Scope(ScopeId),
}

impl Code {
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
        let mut found = matches!(self, Code::Local(_) | Code::EachElement { .. });
        self.visit_parts(&mut |part| found = found || part.reads_locals());
        found
    }

    /// Whether the expression surely gives null when every slot that it reads is absent; then it need
    /// not run at all. `false` means only that this is not known.
    pub(crate) fn null_when_absent(&self) -> bool {
        match self {
            Code::Const(value) => value.is_null(),
            Code::Slot(_) | Code::Collect(..) => true,
            Code::Member(inner, _) | Code::Index(inner, _) | Code::Repeated(inner) | Code::At(_, inner) => {
                inner.null_when_absent()
            }
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
            Code::Binary(BinaryOp::Eq, a, b, _) if is_null(a) && is_null(b) => Some(true),
            Code::Binary(BinaryOp::Ne, a, b, _) if is_null(a) && is_null(b) => Some(false),
            Code::Binary(BinaryOp::Eq, a, b, _)
                if (is_null(a) && is_value(b)) || (is_value(a) && is_null(b)) =>
            {
                Some(false)
            }
            Code::Binary(BinaryOp::And, a, b, _) => match (a.truth_when_absent(), b.truth_when_absent()) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Code::Binary(BinaryOp::Or, a, b, _) => match (a.truth_when_absent(), b.truth_when_absent()) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Code::Unary(UnaryOp::Not, operand, _) => operand.truth_when_absent().map(|truth| !truth),
            Code::Shared(_, inner) | Code::Repeated(inner) | Code::At(_, inner) => inner.truth_when_absent(),
            code if code.null_when_absent() => Some(false),
            _ => None,
        }
    }

    /// Calls `visit` for the sources without any of which an expression that is
    /// [`Code::null_when_absent`] gives null: fewer than it reads.
    pub(crate) fn visit_needed(&self, visit: &mut dyn FnMut(Source)) {
        match self {
            Code::Call(call, args) if call.function.strict => {
                if let Some(first) = args.first() {
                    first.visit_needed(visit);
                }
            }
            Code::Member(inner, _) | Code::Index(inner, _) | Code::Repeated(inner) | Code::At(_, inner) => {
                inner.visit_needed(visit)
            }
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
    pub(crate) fn visit_sources(&self, visit: &mut dyn FnMut(Source)) {
        match self {
            Code::Slot(slot) => visit(Source::Slot(*slot)),
            Code::Key(scope) => visit(Source::Scope(*scope)),
            Code::Collect(scopes, _) => scopes.iter().for_each(|scope| visit(Source::Scope(*scope))),
            _ => {}
        }
        self.visit_parts(&mut |part| part.visit_sources(visit));
    }

    /// What one run of the expression costs of the [`Budget`](crate::run::budget::Budget), without what it
    /// makes and without the repetitions inside it, which pay for themselves.
    pub(crate) fn cost(&self) -> u64 {
        let own = match self {
            Code::Const(Value::String(text) | Value::Number(text)) => STEP + text.len() as u64,
            Code::Call(..) => 8 * STEP,
            _ => STEP,
        };
        let mut total = own;
        self.visit_parts(&mut |part| total = total.saturating_add(part.cost()));
        total
    }

    /// Calls `visit` for the expressions that this one is made of.
    fn visit_parts(&self, visit: &mut dyn FnMut(&Code)) {
        match self {
            Code::Const(_) | Code::Slot(_) | Code::Key(_) | Code::Context(_) | Code::Local(_) => {}
            Code::Collect(_, inner)
            | Code::Member(inner, _)
            | Code::Unary(_, inner, _)
            | Code::Empty(inner)
            | Code::Size(inner)
            | Code::Shared(_, inner)
            | Code::Repeated(inner)
            | Code::At(_, inner) => visit(inner),
            Code::Index(a, b) | Code::Binary(_, a, b, _) => {
                visit(a);
                visit(b);
            }
            Code::Matches(value, pattern, ..) => {
                visit(value);
                if let Pattern::Computed(code) = pattern {
                    visit(code);
                }
            }
            Code::Ternary(parts) => parts.iter().for_each(visit),
            Code::Elvis(parts) | Code::Range(parts) => parts.iter().for_each(visit),
            Code::Coalesce(parts) | Code::Call(_, parts) | Code::Array(parts) => parts.iter().for_each(visit),
            Code::EachElement { array, body, .. } => {
                visit(array);
                visit(body);
            }
            Code::Map(members) => members.iter().for_each(|(key, value)| {
                visit(key);
                visit(value);
            }),
        }
    }
}
