//! Places in a text as people read them: line, column, and carets under the part that is meant.

use super::Span;

/// Longest part of a line that is shown, in characters: an expression may be one line of thousands.
const WIDEST: usize = 100;
/// What is left out of a longer line.
const CUT: &str = "…";

impl Span {
    /// Line and column of the first character, both from 1; columns are characters.
    #[must_use]
    pub fn line_column(self, text: &str) -> (u32, u32) {
        let before = self.before(text);
        let column = before.chars().rev().take_while(|c| *c != '\n').count();
        (count(before.matches('\n').count()), count(column))
    }

    /// The line that holds the start of the span and, below it, carets under the span, at least one.
    /// `text` is the text that was parsed. Tabs are repeated, so that the carets stay in place; of a long
    /// line the part around the span is shown.
    #[must_use]
    pub fn caret(self, text: &str) -> String {
        let before = self.before(text);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = text.get(start..).unwrap_or("");
        let line = rest.split('\n').next().unwrap_or("").trim_end_matches('\r');
        let left: Vec<char> = before.get(start..).unwrap_or("").chars().collect();
        let marked = text.get(before.len()..self.end as usize).unwrap_or("");
        let marked = marked.chars().take_while(|c| !matches!(c, '\n' | '\r')).count().max(1);

        // Cut on the left only as far as the span, or its first part, stays in view.
        let skipped = if left.len() + marked > WIDEST { left.len().saturating_sub(WIDEST / 2) } else { 0 };
        let shown: String = line.chars().skip(skipped).take(WIDEST).collect();
        let cut_left = if skipped > 0 { CUT } else { "" };
        let cut_right = if line.chars().count() > skipped + WIDEST { CUT } else { "" };
        let padding: String =
            left.iter().skip(skipped).map(|c| if *c == '\t' { '\t' } else { ' ' }).collect();
        let indent = if skipped > 0 { " " } else { "" };
        let carets = "^".repeat(marked.min(WIDEST - (left.len() - skipped).min(WIDEST - 1)));
        format!("{cut_left}{shown}{cut_right}\n{indent}{padding}{carets}")
    }

    /// The text before the span.
    fn before(self, text: &str) -> &str {
        text.get(..self.start as usize).unwrap_or(text)
    }
}

/// A count from 0 as a number from 1.
fn count(zero_based: usize) -> u32 {
    u32::try_from(zero_based).map_or(u32::MAX, |n| n.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_under_the_span() {
        let span = |start, end| Span { start, end };
        assert_eq!(span(4, 7).caret("a + bcd * 2"), "a + bcd * 2\n    ^^^");
        assert_eq!(span(4, 4).caret("a + "), "a + \n    ^");
        assert_eq!(span(7, 8).caret("é +\n\tb"), "\tb\n\t ^");
        assert_eq!(span(2, 90).caret("a\nb"), "b\n^");
        assert_eq!(span(5, 6).line_column("é +\nb"), (2, 1));
        let long = format!("{}x + y{}", "a + ".repeat(50), " + b".repeat(50));
        let shown = span(200, 201).caret(&long);
        let (line, marks) = shown.split_once('\n').unwrap();
        assert!(line.chars().count() <= WIDEST + 2, "{line}");
        let column = marks.chars().position(|c| c == '^').unwrap();
        assert_eq!(line.chars().nth(column), Some('x'));
    }
}
