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

    /// How deeply constructs stand inside each other; a constant or a path by itself is 1.
    #[must_use]
    pub fn depth(&self) -> usize {
        let (mut deepest, mut open) = (0, vec![(self, 1)]);
        while let Some((part, depth)) = open.pop() {
            deepest = deepest.max(depth);
            open.extend(part.kind.parts().into_iter().map(|inner| (inner, depth + 1)));
        }
        deepest
    }

    /// The expression with `change` applied to each of its parts, the innermost first, and to itself.
    #[must_use]
    pub fn rewrite(mut self, change: &mut dyn FnMut(Self) -> Self) -> Self {
        self.rewrite_in_place(change);
        self
    }

    // In place, because what is nested is walked in as many frames, and the module's stack is small.
    fn rewrite_in_place(&mut self, change: &mut dyn FnMut(Self) -> Self) {
        self.kind.each_part(&mut |part| part.rewrite_in_place(change));
        self.replace(change);
    }

    #[inline(never)]
    fn replace(&mut self, change: &mut dyn FnMut(Self) -> Self) {
        let nothing = Self { kind: ExprKind::Null, span: self.span };
        *self = change(std::mem::replace(self, nothing));
    }

    /// The expression with other places of the record in place of those that it reads. Paths into a
    /// lambda's parameters stay; a parameter whose name would hide a new path gets another name.
    /// Constant arguments of functions that take a path as text are such places too.
    #[must_use]
    pub fn map_paths(mut self, change: &dyn Fn(&Path) -> Path) -> Self {
        self.map_free(&mut Vec::new(), change);
        self
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

    fn map_free(&mut self, parameters: &mut Vec<(String, String)>, change: &dyn Fn(&Path) -> Path) {
        match &mut self.kind {
            ExprKind::Path(path) => map_path(path, parameters, change),
            ExprKind::Lambda(names, body) => {
                let outer = parameters.len();
                rename(names, body, parameters, change);
                body.map_free(parameters, change);
                parameters.truncate(outer);
            }
            kind => {
                if let ExprKind::Call(name, arguments) = kind
                    && TAKE_A_PATH_AS_TEXT.contains(&name.as_str())
                {
                    arguments.iter_mut().for_each(|argument| map_path_as_text(argument, change));
                }
                kind.each_part(&mut |part| part.map_free(parameters, change));
            }
        }
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

/// A path of the record, or one into a parameter that may have a new name.
#[inline(never)]
fn map_path(path: &mut Path, parameters: &[(String, String)], change: &dyn Fn(&Path) -> Path) {
    if let Some(Segment::Name(first)) = path.segments.first_mut()
        && let Some((_, new)) = parameters.iter().rev().find(|(old, _)| old == first)
    {
        first.clone_from(new);
    } else {
        *path = change(path);
    }
}

fn map_path_as_text(argument: &mut Expr, change: &dyn Fn(&Path) -> Path) {
    if let ExprKind::String(text) = &mut argument.kind
        && let Ok(path) = Path::parse(text)
    {
        *text = change(&path).to_string();
    }
}

/// Puts a lambda's parameters, under names that hide nothing that its body reads, on the list.
#[inline(never)]
fn rename(
    names: &mut [String],
    body: &Expr,
    parameters: &mut Vec<(String, String)>,
    change: &dyn Fn(&Path) -> Path,
) {
    let taken = body.roots(names, parameters, change);
    let outer = parameters.len();
    for name in names {
        let old = name.clone();
        while taken.contains(name) || parameters.iter().skip(outer).any(|(_, new)| new == name) {
            name.push('_');
        }
        parameters.push((old, name.clone()));
    }
}

impl ExprKind {
    /// The parts, in the order of the text.
    fn parts(&self) -> Vec<&Expr> {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Path(_) => Vec::new(),
            Self::Unary(_, a) | Self::Lambda(_, a) | Self::Member(a, _) | Self::Empty(a) | Self::Size(a) => {
                vec![a]
            }
            Self::Binary(_, a, b)
            | Self::Elvis(a, b)
            | Self::Coalesce(a, b)
            | Self::Index(a, b)
            | Self::Range(a, b) => vec![a, b],
            Self::Ternary(a, b, c) => vec![a, b, c],
            Self::Array(items) | Self::Call(_, items) => items.iter().collect(),
            Self::Method(value, _, items) => std::iter::once(&**value).chain(items).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(key, value)| [key, value]).collect(),
        }
    }

    /// Calls `visit` with each part, in the order of the text.
    fn each_part(&mut self, visit: &mut dyn FnMut(&mut Expr)) {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) | Self::Path(_) => {}
            Self::Unary(_, a) | Self::Lambda(_, a) | Self::Member(a, _) | Self::Empty(a) | Self::Size(a) => {
                visit(a);
            }
            Self::Binary(_, a, b)
            | Self::Elvis(a, b)
            | Self::Coalesce(a, b)
            | Self::Index(a, b)
            | Self::Range(a, b) => {
                visit(a);
                visit(b);
            }
            Self::Ternary(a, b, c) => {
                visit(a);
                visit(b);
                visit(c);
            }
            Self::Array(items) | Self::Call(_, items) => items.iter_mut().for_each(visit),
            Self::Method(value, _, items) => {
                visit(value);
                items.iter_mut().for_each(visit);
            }
            Self::Map(entries) => {
                for (key, value) in entries {
                    visit(key);
                    visit(value);
                }
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
    fn depth_counts_constructs_inside_each_other() {
        for (text, depth) in [("a", 1), ("a.b[0].c", 1), ("-a", 2), ("f(a, g(b), c)", 3), ("a + b + c", 3)] {
            assert_eq!(parse(text).unwrap().depth(), depth, "{text}");
        }
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
