//! Functions on the text of a User-Agent header.

use super::{CallEnv, Failure, Function, Kind, text};
use crate::user_agent::{self, MAX_LENGTH};
use crate::values::value::Value;

type Result<T> = std::result::Result<T, Failure>;

pub(super) static FUNCTIONS: &[Function] = &[
    row("ua_os_name", os_name),
    row("ua_os_version", os_version),
    row("ua_os_version_major", os_version_major),
    row("ua_os_name_version", os_name_version),
    row("ua_agent_name", agent_name),
    row("ua_agent_version", agent_version),
    row("ua_agent_version_major", agent_version_major),
    row("ua_device_class", device_class),
];

const fn row(name: &'static str, call: super::Builtin) -> Function {
    Function::new(name, "User agent", (1, 1), true, call).kinds(&[Kind::Text], Kind::Text)
}

/// What `f` reads from the header, the first argument.
fn read<'a>(args: &[Value<'a>], f: impl FnOnce(&str) -> String) -> Result<Value<'a>> {
    let Some(header) = args.first() else { return Ok(Value::Null) };
    let header = text(header, "the user agent")?;
    if header.len() > MAX_LENGTH {
        return Err(Failure::new(format!(
            "a user agent may have at most {MAX_LENGTH} bytes, but this text is longer"
        )));
    }
    Ok(Value::string(f(&header)))
}

/// `ua_os_name(header)`: the operating system, such as `iOS`.
fn os_name<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::os(header).name.to_owned())
}

/// `ua_os_version(header)`: its version, such as `5.1.1`.
fn os_version<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::os(header).version.into_owned())
}

/// `ua_os_version_major(header)`: name and major version, such as `iOS 5`.
fn os_version_major<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::os(header).name_major())
}

/// `ua_os_name_version(header)`: name and version, such as `iOS 5.1.1`.
fn os_name_version<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::os(header).name_version())
}

/// `ua_agent_name(header)`: the browser, app or robot, such as `Safari`.
fn agent_name<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::agent(header).name.to_owned())
}

/// `ua_agent_version(header)`: its version, such as `5.1`.
fn agent_version<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::agent(header).version.into_owned())
}

/// `ua_agent_version_major(header)`: name and major version, such as `Safari 5`.
fn agent_version_major<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::agent(header).name_major())
}

/// `ua_device_class(header)`: the class of the device, such as `Phone`.
fn device_class<'a>(args: &mut [Value<'a>], _: &mut CallEnv<'_>) -> Result<Value<'a>> {
    read(args, |header| user_agent::device_class(header).to_owned())
}
