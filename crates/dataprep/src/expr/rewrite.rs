//! Changing expressions as trees: every part in turn, or the places of the record that they read.
//!
//! Whoever moves fields (a set written for `data.id` that is to run over `id`) changes paths here,
//! never the text: in the text a path looks like a part of a string, of another path, or of a lambda.

use super::ast::{Expr, ExprKind, Span};
use super::path::{Path, Segment};

/// Functions whose argument is a path written as text.
const TAKE_A_PATH_AS_TEXT: [&str; 2] = ["contains_key", "is_set"];

impl From<ExprKind> for Expr {
    /// An expression that stands in no text.
    fn from(kind: ExprKind) -> Self {
        Self { kind, span: Span::default() }
    }
}

impl Expr {
    /// A field, or a field's field, as an expression.
    #[must_use]
    pub fn path(path: Path) -> Self {
        ExprKind::Path(path).into()
    }

    /// A text constant.
    #[must_use]
    pub fn string(value: impl Into<String>) -> Self {
        ExprKind::String(value.into()).into()
    }

    /// A call of a function.
    #[must_use]
    pub fn call(name: &str, arguments: Vec<Self>) -> Self {
        ExprKind::Call(name.to_owned(), arguments).into()
    }

    /// The expression with `change` applied to each of its parts, the innermost first, and to itself.
    #[must_use]
    pub fn rewrite(self, change: &mut dyn FnMut(Self) -> Self) -> Self {
        let span = self.span;
        let kind = self.kind.map_parts(&mut |part| part.rewrite(change));
        change(Self { kind, span })
    }

    /// The expression with other places of the record in place of those that it reads. Paths into a
    /// lambda's parameters stay; a parameter whose name would hide a new path gets another name.
    /// Constant arguments of functions that take a path as text are such places too.
    #[must_use]
    pub fn map_paths(self, change: &dyn Fn(&Path) -> Path) -> Self {
        self.map_free(&mut Vec::new(), change)
    }

    /// Every place of the record that [`Expr::map_paths`] would change.
    #[must_use]
    pub fn read_places(&self) -> Vec<Path> {
        let found = std::cell::RefCell::new(Vec::new());
        let _ = self.clone().map_paths(&|path| {
            found.borrow_mut().push(path.clone());
            path.clone()
        });
        found.into_inner()
    }

    fn map_free(self, parameters: &mut Vec<(String, String)>, change: &dyn Fn(&Path) -> Path) -> Self {
        let span = self.span;
        let kind = match self.kind {
            ExprKind::Path(mut path) => {
                let parameter = match path.segments.first_mut() {
                    Some(Segment::Name(first)) => parameters
                        .iter()
                        .rev()
                        .find(|(old, _)| old == first)
                        .map(|(_, new)| first.clone_from(new)),
                    _ => None,
                };
                ExprKind::Path(if parameter.is_some() { path } else { change(&path) })
            }
            ExprKind::Call(name, arguments) if TAKE_A_PATH_AS_TEXT.contains(&name.as_str()) => {
                let argument = |argument: Self| match &argument.kind {
                    ExprKind::String(text) => match Path::parse(text) {
                        Ok(path) => Self { kind: ExprKind::String(change(&path).to_string()), ..argument },
                        Err(_) => argument,
                    },
                    _ => argument.map_free(parameters, change),
                };
                ExprKind::Call(name, arguments.into_iter().map(argument).collect())
            }
            ExprKind::Lambda(names, body) => {
                let taken = body.roots(&names, parameters, change);
                let outer = parameters.len();
                let mut renamed: Vec<String> = Vec::with_capacity(names.len());
                for name in names {
                    let mut new = name.clone();
                    while taken.contains(&new) || renamed.contains(&new) {
                        new.push('_');
                    }
                    renamed.push(new.clone());
                    parameters.push((name, new));
                }
                let body = body.map_free(parameters, change);
                parameters.truncate(outer);
                ExprKind::Lambda(renamed, Box::new(body))
            }
            other => other.map_parts(&mut |part| part.map_free(parameters, change)),
        };
        Self { kind, span }
    }

    /// First names, once changed, of what a lambda's body reads besides the lambda's own parameters.
    fn roots(
        &self,
        own: &[String],
        parameters: &[(String, String)],
        change: &dyn Fn(&Path) -> Path,
    ) -> Vec<String> {
        let first = |path: &Path| match path.segments.first() {
            Some(Segment::Name(name)) => Some(name.clone()),
            _ => None,
        };
        let root = |path: &Path| {
            let name = first(path).filter(|name| !own.contains(name))?;
            match parameters.iter().rev().find(|(old, _)| *old == name) {
                Some((_, new)) => Some(new.clone()),
                None => first(&change(path)),
            }
        };
        self.paths().into_iter().filter_map(root).collect()
    }
}

impl ExprKind {
    /// The same construct of changed parts.
    fn map_parts(self, change: &mut dyn FnMut(Expr) -> Expr) -> Self {
        let mut boxed = |part: Box<Expr>| Box::new(change(*part));
        match self {
            leaf @ (Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Path(_)) => leaf,
            Self::Unary(op, a) => Self::Unary(op, boxed(a)),
            Self::Binary(op, a, b) => Self::Binary(op, boxed(a), boxed(b)),
            Self::Ternary(a, b, c) => Self::Ternary(boxed(a), boxed(b), boxed(c)),
            Self::Elvis(a, b) => Self::Elvis(boxed(a), boxed(b)),
            Self::Coalesce(a, b) => Self::Coalesce(boxed(a), boxed(b)),
            Self::Lambda(names, body) => Self::Lambda(names, boxed(body)),
            Self::Member(value, name) => Self::Member(boxed(value), name),
            Self::Index(value, index) => Self::Index(boxed(value), boxed(index)),
            Self::Empty(value) => Self::Empty(boxed(value)),
            Self::Size(value) => Self::Size(boxed(value)),
            Self::Range(first, last) => Self::Range(boxed(first), boxed(last)),
            Self::Array(items) => Self::Array(items.into_iter().map(change).collect()),
            Self::Call(name, items) => Self::Call(name, items.into_iter().map(change).collect()),
            Self::Method(value, name, items) => {
                let value = boxed(value);
                Self::Method(value, name, items.into_iter().map(change).collect())
            }
            Self::Map(entries) => {
                Self::Map(entries.into_iter().map(|(key, value)| (change(key), change(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::parse;

    /// Puts `data.` before each path.
    fn below_data(text: &str) -> String {
        let change = |path: &Path| {
            let mut segments = vec![Segment::Name("data".to_owned())];
            segments.extend_from_slice(&path.segments);
            Path { segments }
        };
        parse(text).unwrap().map_paths(&change).to_string()
    }

    #[test]
    fn only_places_of_the_record_change() {
        for (text, wanted) in [
            ("concat('id', id)", r#"concat("id", data.id)"#),
            ("${odd name}.x[0] + ${new}", "data.${odd name}.x[0] + data.${new}"),
            ("filterArray(list, x -> x.a == a)", "filterArray(data.list, x -> x.a == data.a)"),
            ("a ? b : c.equals(d)", "data.a ? data.b : data.c.equals(data.d)"),
            ("contains_key('a.b') && is_set('c')", r#"contains_key("data.a.b") && is_set("data.c")"#),
            ("{'k': a}", r#"{"k" : data.a}"#),
        ] {
            assert_eq!(below_data(text), wanted);
        }
    }

    #[test]
    fn a_parameter_never_hides_a_place() {
        assert_eq!(
            below_data("filterArray(list, data -> data.a == a)"),
            "filterArray(data.list, data_ -> data_.a == data.a)"
        );
        // Nothing of the record is read inside: the name may stay.
        assert_eq!(below_data("filterArray(list, data -> data.a)"), "filterArray(data.list, data -> data.a)");
        assert_eq!(
            below_data("transformArray(a, data -> transformArray(data, y -> concat(y, data, b)))"),
            "transformArray(data.a, data_ -> transformArray(data_, y -> concat(y, data_, data.b)))"
        );
    }

    #[test]
    fn every_part_is_visited_from_within() {
        let mut seen = Vec::new();
        let _ = parse("iif(a, -b, [c])").unwrap().rewrite(&mut |part| {
            seen.push(part.to_string());
            part
        });
        assert_eq!(seen, ["a", "b", "-b", "c", "[c]", "iif(a, -b, [c])"]);
    }
}
