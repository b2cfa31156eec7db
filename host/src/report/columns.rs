//! Tables of texts, as wide as the terminal.

use comfy_table::{ContentArrangement, Table, presets};
use std::io::IsTerminal;

/// The width where there is no terminal to ask.
const WIDTH: u16 = 120;

/// Rows under a header, long texts broken over lines.
pub fn columns(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    // The tables are long: a line under the header, none between rows.
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(width());
    table.set_header(header.to_vec());
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

fn width() -> u16 {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return WIDTH;
    }
    rustix::termios::tcgetwinsize(stdout).map_or(WIDTH, |size| size.ws_col.max(40))
}
