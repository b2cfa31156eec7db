//! Identity namespaces: `/data/core/idnamespace/identities`.

use serde_json::{Value, json};

use crate::platform::{
    answer::Answer,
    tenant::{Stamp, Tenant},
    world::Call,
};

/// The kinds of namespaces, as requests write them.
const KINDS: [&str; 7] = ["Cookie", "Cross_device", "Device", "Email", "Mobile", "Non_people", "Phone"];

/// Adobe's own namespaces that matter here: id, code, name, kind.
const STANDARD: [(u64, &str, &str, &str); 8] = [
    (4, "ECID", "ECID", "Cookie"),
    (6, "Email", "Email", "Email"),
    (7, "Phone", "Phone", "Phone"),
    (8, "WAID", "Windows AID", "Device"),
    (11, "Email_LC_SHA256", "Emails (SHA256, lowercased)", "Email"),
    (411, "AdCloud", "AdCloud", "Cookie"),
    (20914, "GAID", "Google Ad ID (GAID)", "Device"),
    (20915, "IDFA", "Apple IDFA (ID for Advertisers)", "Device"),
];

/// A namespace.
#[derive(Debug, Clone)]
struct Namespace {
    id: u64,
    code: String,
    name: String,
    description: String,
    /// One of [`KINDS`].
    kind: &'static str,
    custom: bool,
    created: u64,
    updated: u64,
}

/// All namespaces of a sandbox.
#[derive(Debug, Clone)]
pub(super) struct Namespaces(Vec<Namespace>);

impl Namespaces {
    pub(super) fn standard() -> Self {
        let standard = STANDARD.map(|(id, code, name, kind)| Namespace {
            id,
            code: code.to_owned(),
            name: name.to_owned(),
            description: name.to_owned(),
            kind,
            custom: false,
            created: 1_572_918_753_626,
            updated: 1_572_918_753_626,
        });
        Self(standard.to_vec())
    }

    /// Whether a descriptor may name it, by its code or by its number.
    pub(super) fn knows(&self, name: &Value, by_id: bool) -> bool {
        self.0.iter().any(|known| {
            if by_id {
                name.as_u64() == Some(known.id) || name.as_str() == Some(&known.id.to_string())
            } else {
                name.as_str() == Some(&known.code)
            }
        })
    }
}

impl Namespace {
    /// Lists print some kinds in upper case, single answers do not.
    fn written(&self, in_list: bool) -> Value {
        let kind = match self.kind {
            "Cookie" | "Cross_device" | "Mobile" if in_list => self.kind.to_uppercase(),
            kind => kind.to_owned(),
        };
        json!({"id": self.id, "code": self.code, "name": self.name, "description": self.description,
            "idType": kind, "status": "ACTIVE", "custom": self.custom, "createTime": self.created,
            "updateTime": self.updated})
    }
}

pub(super) fn serve(
    call: &Call,
    path: &[&str],
    tenant: &mut Tenant,
    stamp: &Stamp,
) -> Result<Answer, Answer> {
    let namespaces = &mut tenant.namespaces.0;
    match (call.method.as_str(), path) {
        ("GET", ["identities"]) => {
            Ok(Answer::ok(&namespaces.iter().map(|namespace| namespace.written(true)).collect()))
        }
        ("POST", ["identities"]) => {
            let body = call.json().map_err(|why| invalid(&why))?;
            let text = |key: &str| body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
            let need = |key: &str| text(key).ok_or_else(|| invalid(&format!("Please provide a valid {key}")));
            let (name, code, kind) = (need("name")?, need("code")?, need("idType")?);
            if !code.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                return Err(invalid("A code may contain only letters and numbers"));
            }
            let kind = KINDS.into_iter().find(|known| *known == kind || known.to_uppercase() == kind);
            let kind = kind.ok_or_else(|| {
                invalid("Please provide a valid value of idType. Valid values are: [COOKIE, CROSS_DEVICE, DEVICE, EMAIL, MOBILE, NON_PEOPLE, PHONE]")
            })?;
            if namespaces.iter().any(|known| known.code == code) {
                return Err(Answer::json(
                    409,
                    &json!({"type": PROBLEM, "status": 409, "title": "NAMESPACE_CODE_CONFLICT",
                        "description": "Namespace code already exists. Please use a different code",
                        "report": {"code": "INTEGRATION_CODE_EXISTS"}}),
                ));
            }
            let namespace = Namespace {
                id: tenant.ids.namespace(),
                code: code.to_owned(),
                name: name.to_owned(),
                description: text("description").unwrap_or_default().to_owned(),
                kind,
                custom: true,
                created: stamp.now,
                updated: stamp.now,
            };
            let answer = Answer::ok(&namespace.written(false));
            namespaces.push(namespace);
            Ok(answer)
        }
        ("GET", ["identities", id]) => {
            let found = namespaces.iter().find(|known| known.id.to_string() == *id);
            let found = found.ok_or_else(|| Answer::not_found(format!("No namespace {id}")))?;
            Ok(Answer::ok(&found.written(false)))
        }
        ("PUT", ["identities", id]) => {
            let body = call.json().map_err(|why| invalid(&why))?;
            let found = namespaces.iter_mut().find(|known| known.custom && known.id.to_string() == *id);
            let found = found.ok_or_else(|| Answer::not_found(format!("No namespace {id}")))?;
            let same = |key: &str, known: &str| {
                body.get(key)
                    .is_none_or(|value| value.as_str().is_some_and(|value| value.eq_ignore_ascii_case(known)))
            };
            if body.get("code").is_some_and(|code| code.as_str() != Some(&found.code))
                || !same("idType", found.kind)
            {
                return Err(invalid("code and idType of a namespace cannot be changed"));
            }
            for (key, place) in [("name", &mut found.name), ("description", &mut found.description)] {
                if let Some(text) = body.get(key).and_then(Value::as_str) {
                    text.clone_into(place);
                }
            }
            found.updated = stamp.now;
            Ok(Answer::ok(&found.written(false)))
        }
        _ => Err(Answer::empty(405)),
    }
}

const PROBLEM: &str = "http://ns.adobe.com/adobecloud/problem/namespacevalidation";

fn invalid(why: &str) -> Answer {
    Answer::json(
        400,
        &json!({"type": PROBLEM, "status": 400, "title": "Namespace validation", "description": why,
            "report": {"code": "INVALID_REQUEST_PARAMS"}}),
    )
}
