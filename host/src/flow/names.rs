//! What things are called in Flow Service, so that a later run finds them.

/// The base connection of a file.
pub fn connection(tag: &str) -> String {
    format!("Stripe ({})", mark(tag))
}

/// The flow of a model, and both of its ends.
pub fn flow(model: &str, tag: &str) -> String {
    format!("Stripe {model} ({})", mark(tag))
}

/// A mapping set; another content, another name.
pub(super) fn mapping_set(model: &str, tag: &str, digest: &str) -> String {
    format!("Stripe {model} {digest} ({})", mark(tag))
}

fn mark(tag: &str) -> String {
    format!("stripe-xdm {tag}")
}

/// The tag of a name that was made here.
pub fn tag_of(name: &str) -> Option<&str> {
    let (_, mark) = name.strip_suffix(')')?.rsplit_once('(')?;
    mark.strip_prefix("stripe-xdm ").filter(|tag| is_tag(tag))
}

/// Whether a text can be a tag: filters and names take it as it is.
pub(super) fn is_tag(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() <= 40 && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_of_a_name_is_found_again() {
        for name in
            [connection("shop"), flow("subscription.event", "shop"), mapping_set("charge", "shop", "1f")]
        {
            assert_eq!(tag_of(&name), Some("shop"), "{name}");
        }
        for other in ["Stripe", "Stripe (shop)", "Stripe (stripe-xdm a,b)", "(stripe-xdm shop) flow"] {
            assert_eq!(tag_of(other), None, "{other}");
        }
    }
}
