//! Functions on the texts that Adobe Analytics keeps events and products in (Analytics' implementation guide,
//! pages `events` and `products`).
//!
//! ```text
//! events    event *( "," event )          event    name [ "=" value ] [ ":" id ]
//! products  product *( "," product )      product  category ";" name ";" quantity ";" price ";" pevents ";" evars
//!                                         pevents  event *( "|" event )
//!                                         evars    name "=" value *( "|" name "=" value )
//! ```
//!
//! Later parts of a product may be left out. Nothing can be escaped: Analytics does not allow the separators
//! inside a value. Names are compared exactly. An empty part is null; an item with nothing between its commas
//! is no product. What is asked of the products comes as one entry a product, so that positions in the results
//! of two functions mean the same product.

use super::{CallEnv, Failure, Function, Kind, Status, text};
use crate::values::number::Decimal;
use crate::values::value::Value;
use std::borrow::Cow;

type Result<T> = std::result::Result<T, Failure>;

/// The page has these rows, but inside a comment.
const COMMENTED_OUT: Status = Status::Unpublished("a row that Adobe's functions page has commented out");

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new("aa_get_event_id", "Analytics", (2, 2), true, event_id)
        .kinds(&[Kind::Text, Kind::Text], Kind::Any),
    Function::new("aa_get_event_value", "Analytics", (2, 2), true, event_value)
        .kinds(&[Kind::Text, Kind::Text], Kind::Number),
    of_products("aa_get_product_categories", 1, product_categories),
    of_products("aa_get_product_names", 1, product_names),
    of_products("aa_get_product_quantities", 1, product_quantities),
    of_products("aa_get_product_prices", 1, product_prices),
    of_products("aa_get_product_event_values", 2, product_event_values),
    of_products("aa_get_product_evars", 2, product_evars),
    of_products("aa_get_product_events", 2, product_events).status(COMMENTED_OUT),
    of_products("aa_get_product_event_ids", 2, product_event_ids).status(COMMENTED_OUT),
];

/// A row of a function that takes the products and perhaps a name, and gives an entry a product.
const fn of_products(name: &'static str, arguments: u8, call: super::Builtin) -> Function {
    Function::new(name, "Analytics", (arguments, arguments), true, call)
        .kinds(&[Kind::Text, Kind::Text], Kind::Array)
}

/// An event as it stands in the text; without its value, which then counts as one, and without its id.
#[derive(Clone, Copy)]
struct Event<'t> {
    name: &'t str,
    value: Option<&'t str>,
    id: Option<&'t str>,
}

impl<'t> Event<'t> {
    fn read(text: &'t str) -> Self {
        // The id comes last and may itself hold an equals sign; a value never holds a colon.
        let (rest, id) = text.split_once(':').map_or((text, None), |(rest, id)| (rest, Some(id)));
        let (name, value) = rest.split_once('=').map_or((rest, None), |(name, value)| (name, Some(value)));
        let some = |part: Option<&'t str>| part.map(str::trim).filter(|part| !part.is_empty());
        Self { name: name.trim(), value: some(value), id: some(id) }
    }

    /// The first event of a name among those that `separator` separates.
    fn find(events: &'t str, separator: char, name: &str) -> Option<Self> {
        events.split(separator).map(Self::read).find(|event| event.name == name)
    }
}

/// The two texts that most of these functions take.
fn texts<'v>(args: &[Value<'v>], what: &str) -> Result<(Cow<'v, str>, Cow<'v, str>)> {
    match args {
        [first, second, ..] => Ok((text(first, what)?, text(second, "the name to look for")?)),
        _ => Err(Failure::new(format!("{what} and a name are needed"))),
    }
}

/// `aa_get_event_id(events, name)`: the event's serial id, a number when it is written as one; null without.
fn event_id<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (events, name) = texts(args, "the events")?;
    let Some(id) = Event::find(&events, ',', &name).and_then(|event| event.id) else {
        return Ok(Value::Null);
    };
    // An id such as 007 is a text: as a number it would lose its zeros.
    let plain = id.bytes().all(|byte| byte.is_ascii_digit()) && (id == "0" || !id.starts_with('0'));
    let id = id.to_owned();
    Ok(if plain { Value::Number(Cow::Owned(id)) } else { Value::string(id) })
}

/// `aa_get_event_value(events, name)`: the event's value, 1 when none is written; null without the event.
fn event_value<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (events, name) = texts(args, "the events")?;
    let Some(event) = Event::find(&events, ',', &name) else { return Ok(Value::Null) };
    let Some(value) = event.value else { return Ok(Value::integer(1)) };
    Decimal::parse(value)
        .map(|value| Value::Number(Cow::Owned(value.to_string())))
        .ok_or_else(|| Failure::new("the event's value must be a number, but is other text"))
}

/// What `f` finds in each product, given its six parts from the category to the eVars.
fn products<'a>(
    args: &[Value<'a>],
    f: impl for<'t> Fn([&'t str; 6]) -> Option<Value<'static>>,
) -> Result<Value<'a>> {
    let Some(products) = args.first() else { return Ok(Value::Null) };
    let products = text(products, "the products")?;
    let each = products.split(',').map(str::trim).filter(|product| !product.is_empty()).map(|product| {
        let mut parts = product.split(';').map(str::trim);
        f(std::array::from_fn(|_| parts.next().unwrap_or_default())).unwrap_or(Value::Null)
    });
    Ok(Value::Array(each.collect()))
}

/// A text, null when it is empty.
fn filled(text: &str) -> Option<Value<'static>> {
    (!text.is_empty()).then(|| Value::string(text.to_owned()))
}

/// `aa_get_product_categories(products)`: each product's category.
fn product_categories<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    products(args, |[category, ..]| filled(category))
}

/// `aa_get_product_names(products)`: each product's name.
fn product_names<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    products(args, |[_, name, ..]| filled(name))
}

/// `aa_get_product_quantities(products)`: each product's quantity, as it is written.
fn product_quantities<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    products(args, |[_, _, quantity, ..]| filled(quantity))
}

/// `aa_get_product_prices(products)`: each product's price, as it is written.
fn product_prices<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    products(args, |[_, _, _, price, ..]| filled(price))
}

/// What `f` finds in each product's event of the name that is the second argument; null without the event.
fn events_of_products<'a>(
    args: &[Value<'a>],
    f: impl for<'t> Fn(Event<'t>) -> Option<Value<'static>>,
) -> Result<Value<'a>> {
    let (_, name) = texts(args, "the products")?;
    products(args, |[_, _, _, _, events, _]| f(Event::find(events, '|', &name)?))
}

/// An event's value as it is written; without one it counts once.
fn value_text(event: Event<'_>) -> Value<'static> {
    Value::string(event.value.unwrap_or("1").to_owned())
}

/// `aa_get_product_event_values(products, event)`: the event's value in each product, as text.
fn product_event_values<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    events_of_products(args, |event| Some(value_text(event)))
}

/// `aa_get_product_event_ids(products, event)`: the event's serial id in each product, as text.
fn product_event_ids<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    events_of_products(args, |event| event.id.and_then(filled))
}

/// `aa_get_product_events(products, event)`: the event's id and value in each product, as an object of texts.
fn product_events<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    events_of_products(args, |event| {
        let id = event.id.and_then(filled).unwrap_or(Value::Null);
        Some(Value::Object(vec![(Cow::Borrowed("id"), id), (Cow::Borrowed("value"), value_text(event))]))
    })
}

/// `aa_get_product_evars(products, evar)`: the value of the merchandising eVar in each product.
fn product_evars<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    let (_, name) = texts(args, "the products")?;
    products(args, |[_, _, _, _, _, evars]| {
        let pairs = evars.split('|').filter_map(|pair| pair.split_once('='));
        filled(pairs.map(|(key, value)| (key.trim(), value.trim())).find(|(key, _)| *key == name)?.1)
    })
}

#[cfg(test)]
mod tests {
    use crate::functions::Clock;
    use crate::{CompileOptions, Expression};

    /// The result for a record whose field `t` is the text, and `list` a list.
    fn eval(expression: &str, text: &str) -> String {
        let record = serde_json::json!({ "t": text, "list": [1] }).to_string();
        Expression::compile(expression, CompileOptions::default())
            .map_err(|error| error.to_string())
            .and_then(|e| e.eval(&record, &mut Clock::default()).map_err(|error| error.to_string()))
            .map_or_else(|error| error, |result| result.json)
    }

    #[test]
    fn events() {
        let events = "scAdd, event1=12.50,event2:abc,event3=2:007,event4=x,event5=3:a=b,purchase:42,event1=9";
        for (call, expected) in [
            ("value(t, 'event1')", "12.50"),
            ("value(t, 'scAdd')", "1"),
            ("value(t, 'event2')", "1"),
            ("value(t, 'event3')", "2"),
            ("value(t, 'event')", "null"),
            ("value(t, 'EVENT1')", "null"),
            ("value(t, 'event4')", "the event's value must be a number, but is other text"),
            ("id(t, 'event2')", "\"abc\""),
            ("id(t, 'event3')", "\"007\""),
            ("id(t, 'event5')", "\"a=b\""),
            ("id(t, 'purchase')", "42"),
            ("id(t, 'scAdd')", "null"),
            ("id(null, 'scAdd')", "null"),
            ("value('', 'scAdd')", "null"),
        ] {
            assert_eq!(eval(&format!("aa_get_event_{call}"), events), expected, "{call}");
        }
    }

    #[test]
    fn products_keep_their_positions() {
        let products = "Shirts; Bahama ;3;12.99;event4|event10=2:abcd|event11=:7;eVar10=green|eVar33=large,,\
                        ;Cap;;;;eVar10=, ;Only name,;;;;event10";
        for (call, expected) in [
            ("categories(t)", r#"["Shirts",null,null,null]"#),
            ("names(t)", r#"["Bahama","Cap","Only name",null]"#),
            ("quantities(t)", r#"["3",null,null,null]"#),
            ("prices(t)", r#"["12.99",null,null,null]"#),
            ("event_values(t, 'event4')", r#"["1",null,null,null]"#),
            ("event_values(t, 'event10')", r#"["2",null,null,"1"]"#),
            ("event_ids(t, 'event10')", r#"["abcd",null,null,null]"#),
            ("events(t, 'event10')", r#"[{"id":"abcd","value":"2"},null,null,{"id":null,"value":"1"}]"#),
            ("events(t, 'event11')", r#"[{"id":"7","value":"1"},null,null,null]"#),
            ("evars(t, 'eVar10')", r#"["green",null,null,null]"#),
            ("evars(t, 'eVar33')", r#"["large",null,null,null]"#),
            ("names('')", "[]"),
            ("names(null)", "null"),
            ("names(list)", "the products must be text, but is an array"),
            ("evars('a;b', null)", "the name to look for must be text, but is null"),
        ] {
            assert_eq!(eval(&format!("aa_get_product_{call}"), products), expected, "{call}");
        }
    }
}
