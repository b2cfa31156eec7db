//! The destination that a source implies: the path that it reads, as XDM writes names. Used where the default
//! models are packed (`build.rs`) and where they are unpacked.

/// What stands for it at the end of a packed destination.
pub(crate) const MARK: char = '^';

/// Of `stripe_datetime(period.available_on)` this is `period.availableOn`.
pub(crate) fn implied(source: &str) -> String {
    let inner = source.rsplit('(').next().unwrap_or_default();
    let path = inner.split([',', ')']).next().unwrap_or_default();
    let mut name = String::with_capacity(path.len());
    let mut is_start = false;
    for letter in path.chars() {
        match letter {
            '_' => is_start = true,
            _ if is_start => {
                name.push(letter.to_ascii_uppercase());
                is_start = false;
            }
            _ => name.push(letter),
        }
    }
    name
}
