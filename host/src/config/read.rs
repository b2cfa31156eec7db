//! From the file's text to what it sets, or to all that is wrong with it.

use super::account::is_account;
use super::{
    AccountEntry, ConfigFile, Connected, KEYS, Key, Kind, Origin, Place, Problem, SECTIONS, SecretRef,
    Setting, mapping_file, nearest,
};
use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The largest file that is read.
const LARGEST: u64 = 1 << 20;

/// For messages: what is expected is the same of all secrets.
const ANY_SECRET: Kind = Kind::Secret("", "");

type Value<'a> = Spanned<DeValue<'a>>;

impl ConfigFile {
    /// Reads a file: what is well of it, and all that is not.
    pub fn read(path: &Path) -> (Self, Vec<Problem>) {
        let problem = |message| {
            let file = Self { path: path.to_owned(), ..Self::default() };
            let problem = Problem { origin: Origin::File(path.to_owned()), place: None, key: None, message };
            (file, vec![problem])
        };
        let size = match std::fs::metadata(path) {
            Ok(found) => found.len(),
            Err(error) => return problem(format!("cannot be read: {error}")),
        };
        if size > LARGEST {
            return problem(format!("is larger than {LARGEST} bytes; is it the right file?"));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(path, &text),
            Err(error) => problem(format!("cannot be read: {error}")),
        }
    }

    /// Reads a file's text. Relative paths start at the directory of `path`.
    pub fn parse(path: &Path, text: &str) -> (Self, Vec<Problem>) {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let (document, errors) = DeTable::parse_recoverable(text);
        let mut reader = Reader { path, text, problems: Vec::new() };
        for error in errors {
            // Only the first line says what is wrong; the others can show what stands there.
            let message = error.message().lines().next().unwrap_or("is not TOML").to_owned();
            reader.problem(&error.span(), format!("is not TOML: {message}"));
        }
        let mut file = Self { path: path.to_owned(), ..Self::default() };
        if !reader.problems.is_empty() {
            return (file, reader.ended());
        }
        for (name, value) in document.get_ref() {
            match name.get_ref().as_ref() {
                "account" => file.accounts = reader.accounts(value),
                section if SECTIONS.iter().any(|known| known.name == section) => {
                    match value.get_ref().as_table() {
                        Some(table) => file.settings.extend(reader.section(section, table)),
                        None => reader.problem(
                            &Some(value.span()),
                            format!("{section}: expected a table, [{section}]"),
                        ),
                    }
                }
                odd => reader.unknown_at_the_top(name.span(), odd),
            }
        }
        file.settings.sort_by_key(|setting| setting.place);
        (file, reader.ended())
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn ended(mut self) -> Vec<Problem> {
        self.problems.sort_by_key(|problem| problem.place);
        self.problems
    }

    fn problem(&mut self, span: &Option<Range<usize>>, message: String) {
        let place = span.as_ref().map(|span| self.place(span));
        self.problems.push(Problem { origin: Origin::File(self.path.to_owned()), place, key: None, message });
    }

    fn place(&self, span: &Range<usize>) -> Place {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        Place { line, column: before[start..].chars().count() + 1 }
    }

    fn unknown_at_the_top(&mut self, span: Range<usize>, name: &str) {
        let name = shown(name);
        let message = match KEYS.iter().find(|key| key.name == name) {
            Some(key) => format!("{name} belongs into the table [{}]", key.section),
            None => {
                let known = SECTIONS.iter().map(|section| section.name).chain(["account"]);
                format!("unknown table {name}{}", meant(name, known))
            }
        };
        self.problem(&Some(span), message);
    }

    fn section(&mut self, section: &str, table: &DeTable<'_>) -> Vec<Setting> {
        let mut settings = Vec::new();
        for (name, value) in table {
            let key = KEYS.iter().find(|key| key.section == section && key.name == name.get_ref());
            let Some(key) = key else {
                self.unknown(section, name);
                continue;
            };
            let before = self.problems.len();
            let said = match key.secret() {
                Some((variable, _)) => self.secrets(key, variable, value),
                None => self.values(key, value).map(|values| (key.flag, values)).into_iter().collect(),
            };
            self.problems.iter_mut().skip(before).for_each(|problem| problem.key = Some(key));
            let place = Some(self.place(&value.span()));
            settings.extend(said.into_iter().map(|(flag, values)| Setting { key, flag, values, place }));
        }
        settings
    }

    fn unknown(&mut self, section: &str, name: &Spanned<std::borrow::Cow<'_, str>>) {
        let odd = shown(name.get_ref());
        let here = KEYS.iter().filter(|key| key.section == section).map(|key| key.name);
        let message = match KEYS.iter().find(|key| key.name == odd) {
            Some(key) => format!("{section} has no key {odd}; it belongs into the table [{}]", key.section),
            None => format!("{section} has no key {odd}{}", meant(odd, here)),
        };
        self.problem(&Some(name.span()), message);
    }

    /// A key's value as its option would have it.
    fn values(&mut self, key: &Key, value: &Value<'_>) -> Option<Vec<String>> {
        let name = key.to_string();
        match key.kind {
            Kind::Text => Some(vec![self.text_of(&name, value, key.kind)?]),
            Kind::Path => {
                let path = self.text_of(&name, value, key.kind)?;
                Some(vec![self.absolute(&path)])
            }
            Kind::Time => Some(vec![self.time(&name, value)?]),
            Kind::Count => Some(vec![self.number(&name, value, key.kind, false)?]),
            Kind::Number => Some(vec![self.number(&name, value, key.kind, true)?]),
            Kind::Switch => Some(vec![self.switch(&name, value)?.to_string()]),
            Kind::Not => Some(vec![(!self.switch(&name, value)?).to_string()]),
            Kind::Names => self.names(&name, value, key.kind),
            Kind::Mappings => {
                let given = self.names(&name, value, key.kind)?;
                Some(given.iter().map(|given| self.absolute_mapping(given)).collect())
            }
            Kind::Pairs => self.pairs(&name, value),
            Kind::Connected => Some(vec![match self.connected(&name, value)? {
                Connected::All => "all".to_owned(),
                Connected::No => "none".to_owned(),
                Connected::These(accounts) => accounts.join(","),
            }]),
            // Told apart before.
            Kind::Secret(..) | Kind::Secrets(..) => None,
        }
    }

    fn expected(&mut self, name: &str, value: &Value<'_>, kind: Kind) {
        let found = value.get_ref().type_str();
        let message = format!("{name}: expected {}, found a value of type {found}", kind.expected());
        self.problem(&Some(value.span()), message);
    }

    fn text_of(&mut self, name: &str, value: &Value<'_>, kind: Kind) -> Option<String> {
        let Some(text) = value.get_ref().as_str() else {
            self.expected(name, value, kind);
            return None;
        };
        if is_key(text) {
            let message = format!(
                "{name} holds an API key; this file is no place for secrets: write api_key = {{ env = \"NAME\" }} \
                 or {{ file = \"PATH\" }}, and roll the key if others could read the file"
            );
            self.problem(&Some(value.span()), message);
            return None;
        }
        if text.is_empty() || text.contains('\0') {
            self.problem(&Some(value.span()), format!("{name} is empty; leave the key out for its default"));
            return None;
        }
        Some(text.to_owned())
    }

    fn time(&mut self, name: &str, value: &Value<'_>) -> Option<String> {
        match value.get_ref() {
            DeValue::Datetime(time) => Some(time.to_string()),
            DeValue::Integer(_) => self.number(name, value, Kind::Time, false),
            _ => self.text_of(name, value, Kind::Time),
        }
    }

    fn number(&mut self, name: &str, value: &Value<'_>, kind: Kind, fraction: bool) -> Option<String> {
        let text = match value.get_ref() {
            DeValue::Integer(whole) if whole.radix() == 10 => Some(whole.as_str().to_owned()),
            DeValue::Integer(whole) => {
                i64::from_str_radix(whole.as_str(), whole.radix()).ok().map(|n| n.to_string())
            }
            DeValue::Float(number) if fraction => Some(number.as_str().to_owned()),
            _ => None,
        };
        if text.is_none() {
            self.expected(name, value, kind);
        }
        text
    }

    fn switch(&mut self, name: &str, value: &Value<'_>) -> Option<bool> {
        let switch = value.get_ref().as_bool();
        if switch.is_none() {
            self.expected(name, value, Kind::Switch);
        }
        switch
    }

    fn names(&mut self, name: &str, value: &Value<'_>, kind: Kind) -> Option<Vec<String>> {
        let Some(array) = value.get_ref().as_array() else {
            self.expected(name, value, kind);
            return None;
        };
        let mut names = Vec::new();
        for element in array.iter() {
            let text = self.text_of(name, element, kind)?;
            if text.contains(',') && kind == Kind::Names {
                self.problem(&Some(element.span()), format!("{name}: a name cannot hold a comma"));
                return None;
            }
            names.push(text);
        }
        if names.is_empty() {
            // A list that says "none": one name that nothing has. The option's own reader judges it.
            names.push(String::new());
        }
        Some(names)
    }

    fn pairs(&mut self, name: &str, value: &Value<'_>) -> Option<Vec<String>> {
        let Some(table) = value.get_ref().as_table() else {
            self.expected(name, value, Kind::Pairs);
            return None;
        };
        let mut pairs = Vec::new();
        for (left, right) in table {
            let name = format!("{name}.{}", left.get_ref());
            let right = match right.get_ref() {
                DeValue::Integer(_) => self.number(&name, right, Kind::Count, false)?,
                _ => self.text_of(&name, right, Kind::Text)?,
            };
            pairs.push(format!("{}={right}", left.get_ref()));
        }
        Some(pairs)
    }

    fn connected(&mut self, name: &str, value: &Value<'_>) -> Option<Connected> {
        match value.get_ref() {
            DeValue::Boolean(true) => Some(Connected::All),
            DeValue::Boolean(false) => Some(Connected::No),
            DeValue::Array(_) => {
                let accounts = self.names(name, value, Kind::Connected)?;
                match accounts.iter().find(|id| !is_account(id)) {
                    Some(none) if none.is_empty() => Some(Connected::No),
                    None => Some(Connected::These(accounts)),
                    Some(odd) => {
                        let message = format!("{name}: {odd} is no account, such as acct_1A2b3C");
                        self.problem(&Some(value.span()), message);
                        None
                    }
                }
            }
            _ => {
                self.expected(name, value, Kind::Connected);
                None
            }
        }
    }

    /// Where secrets are, by the options that say so.
    fn secrets(
        &mut self,
        key: &Key,
        variable: &'static str,
        value: &Value<'_>,
    ) -> Vec<(&'static str, Vec<String>)> {
        let name = key.to_string();
        let secrets = match key.kind {
            Kind::Secrets(..) => self.several_secrets(&name, value),
            _ => self.secret(&name, value).into_iter().collect(),
        };
        let (mut variables, mut files) = (Vec::new(), Vec::new());
        for secret in secrets {
            match secret {
                SecretRef::Env(name) => variables.push(name),
                SecretRef::File(path) => files.push(path.display().to_string()),
            }
        }
        let said = [(variable, variables), (key.flag, files)];
        said.into_iter().filter(|(_, values)| !values.is_empty()).collect()
    }

    /// Where secrets are, any of which will do.
    fn several_secrets(&mut self, name: &str, value: &Value<'_>) -> Vec<SecretRef> {
        match value.get_ref().as_array() {
            Some(array) if !array.is_empty() => {
                array.iter().filter_map(|element| self.secret(name, element)).collect()
            }
            // A text would be the secret itself, which is told as such.
            None if value.get_ref().is_str() => self.secret(name, value).into_iter().collect(),
            _ => {
                self.expected(name, value, Kind::Secrets("", ""));
                Vec::new()
            }
        }
    }

    /// Where a secret is. The file itself must not hold one.
    fn secret(&mut self, name: &str, value: &Value<'_>) -> Option<SecretRef> {
        if value.get_ref().is_str() {
            let message = format!(
                "{name} holds the secret itself; a settings file gets copied and committed, so it only says where \
                 the secret is: {{ env = \"NAME\" }} or {{ file = \"PATH\" }}"
            );
            self.problem(&Some(value.span()), message);
            return None;
        }
        let Some(table) = value.get_ref().as_table() else {
            self.expected(name, value, ANY_SECRET);
            return None;
        };
        let mut entries = table.iter();
        let (Some((kind, inner)), None) = (entries.next(), entries.next()) else {
            self.expected(name, value, ANY_SECRET);
            return None;
        };
        match kind.get_ref().as_ref() {
            "env" => {
                let variable = self.text_of(name, inner, Kind::Text)?;
                let is_name = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                if !is_name(&variable) {
                    // It could be the secret, so it is not shown.
                    let message = format!("{name}: expected the name of an environment variable");
                    self.problem(&Some(inner.span()), message);
                    return None;
                }
                Some(SecretRef::Env(variable))
            }
            "file" => {
                let path = self.text_of(name, inner, Kind::Path)?;
                Some(SecretRef::File(self.absolute(&path).into()))
            }
            _ => {
                self.expected(name, value, ANY_SECRET);
                None
            }
        }
    }

    fn accounts(&mut self, value: &Value<'_>) -> Vec<AccountEntry> {
        let Some(array) = value.get_ref().as_array() else {
            self.problem(
                &Some(value.span()),
                "account: expected a table for each account, [[account]]".to_owned(),
            );
            return Vec::new();
        };
        let mut accounts: Vec<AccountEntry> = Vec::new();
        let mut names = HashSet::new();
        for element in array.iter() {
            let Some(table) = element.get_ref().as_table() else {
                self.problem(&Some(element.span()), "account: expected [[account]]".to_owned());
                continue;
            };
            if let Some(account) = self.account(table, element.span()) {
                if !names.insert(account.name.clone()) {
                    let message = format!("two accounts are called {}", account.name);
                    self.problem(&Some(element.span()), message);
                }
                accounts.push(account);
            }
        }
        accounts
    }

    fn account(&mut self, table: &DeTable<'_>, span: Range<usize>) -> Option<AccountEntry> {
        const KNOWN: [&str; 11] = [
            "name",
            "api_key",
            "account",
            "connected",
            "resources",
            "since",
            "rate_limit",
            "endpoint_rate_limit",
            "customer_namespace",
            "webhook_secrets",
            "wrapped_keys",
        ];
        let mut entry = AccountEntry {
            name: String::new(),
            api_key: SecretRef::Env(String::new()),
            account: None,
            connected: None,
            resources: None,
            since: None,
            rate_limit: None,
            endpoint_rate_limit: None,
            customer_namespace: None,
            webhook_secrets: Vec::new(),
            wrapped_keys: Vec::new(),
            place: self.place(&span),
            places: Vec::new(),
        };
        let (mut named, mut keyed) = (false, false);
        let before = self.problems.len();
        for (name, value) in table {
            let full = format!("account.{}", name.get_ref());
            entry.places.push((name.get_ref().to_string(), self.place(&value.span())));
            match name.get_ref().as_ref() {
                "name" => {
                    named = true;
                    entry.name = self.text_of(&full, value, Kind::Text).unwrap_or_default();
                }
                "api_key" => {
                    keyed = true;
                    if let Some(secret) = self.secret(&full, value) {
                        entry.api_key = secret;
                    }
                }
                "account" => {
                    entry.account = self.text_of(&full, value, Kind::Text);
                    if entry.account.as_ref().is_some_and(|id| !is_account(id)) {
                        let message = format!("{full}: expected an id such as acct_1A2b3C");
                        self.problem(&Some(value.span()), message);
                    }
                }
                "connected" => entry.connected = self.connected(&full, value),
                "resources" => entry.resources = self.names(&full, value, Kind::Names),
                "since" => entry.since = self.time(&full, value),
                "rate_limit" => entry.rate_limit = self.number(&full, value, Kind::Number, true),
                "endpoint_rate_limit" => {
                    entry.endpoint_rate_limit = self.number(&full, value, Kind::Number, true);
                }
                "customer_namespace" => {
                    entry.customer_namespace = self.text_of(&full, value, Kind::Text);
                }
                "webhook_secrets" => entry.webhook_secrets = self.several_secrets(&full, value),
                "wrapped_keys" => entry.wrapped_keys = self.several_secrets(&full, value),
                odd => {
                    let odd = shown(odd);
                    let message = format!("account has no key {odd}{}", meant(odd, KNOWN));
                    self.problem(&Some(name.span()), message);
                }
            }
        }
        for (given, name, why) in
            [(named, "name", "what summaries call it"), (keyed, "api_key", "where its key is")]
        {
            if !given {
                let message = format!("this account has no {name}: {why}");
                self.problem(&Some(span.clone()), message);
            }
        }
        (self.problems.len() == before).then_some(entry)
    }

    fn absolute(&self, path: &str) -> String {
        let directory = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        match directory {
            // Standard input is no file.
            Some(directory) if path != "-" => directory.join(path).display().to_string(),
            _ => path.to_owned(),
        }
    }

    fn absolute_mapping(&self, given: &str) -> String {
        match mapping_file(given) {
            (Some(target), path) => format!("{target}={}", self.absolute(path)),
            (None, path) => self.absolute(path),
        }
    }
}

/// The name of a key as messages have it: someone may have put the secret in its place.
fn shown(name: &str) -> &str {
    if is_key(name) { "[a secret]" } else { name }
}

/// Whether a text is a Stripe key or another secret of theirs.
fn is_key(text: &str) -> bool {
    ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_org_", "whsec_"]
        .iter()
        .any(|prefix| text.trim_start().starts_with(prefix))
}

fn meant<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match nearest(name, known.clone()) {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None => format!("; known are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}
