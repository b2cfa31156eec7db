//! `[[account]]`: one Stripe account of several that are synced into one lake.

use super::{Place, SecretRef};

/// An `[[account]]` table. What it leaves out is as in `[sync]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountEntry {
    /// What it is called in summaries and by `--only`.
    pub name: String,
    /// Where its key is.
    pub api_key: SecretRef,
    /// The account, when the key may not read it.
    pub account: Option<String>,
    /// Which of its connected accounts are synced, too.
    pub connected: Option<Connected>,
    /// Its resources.
    pub resources: Option<Vec<String>>,
    /// Where its first run begins, as `--since` has it.
    pub since: Option<String>,
    /// Requests per second, as `--rate-limit` has it.
    pub rate_limit: Option<String>,
    /// Requests per second to one endpoint, as `--endpoint-rate-limit` has it.
    pub endpoint_rate_limit: Option<String>,
    /// The identity namespace of its customers, as `--customer-namespace` has it.
    pub customer_namespace: Option<String>,
    /// Where the signing secrets of its webhooks are.
    pub webhook_secrets: Vec<SecretRef>,
    /// Where the keys are with which others hand on its Events.
    pub wrapped_keys: Vec<SecretRef>,
    /// Where it begins.
    pub place: Place,
    /// Where the values of its keys are.
    pub places: Vec<(String, Place)>,
}

impl AccountEntry {
    /// Where the value of a key is, or else the account.
    pub fn place_of(&self, key: &str) -> Place {
        let found = self.places.iter().find(|(name, _)| name == key);
        found.map_or(self.place, |(_, place)| *place)
    }
}

/// Which connected accounts of a platform are synced besides its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connected {
    /// None.
    No,
    /// All that Stripe lists.
    All,
    /// These.
    These(Vec<String>),
}

impl Connected {
    /// Takes `true`, `all`, `false`, or accounts with commas between them.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.trim() {
            "true" | "all" => Ok(Self::All),
            "false" | "none" => Ok(Self::No),
            list => {
                let accounts: Vec<String> = list.split(',').map(|id| id.trim().to_owned()).collect();
                match accounts.iter().find(|id| !is_account(id)) {
                    None => Ok(Self::These(accounts)),
                    Some(odd) => {
                        Err(format!("{odd} is no account: expected all, or ids such as acct_1A2b3C"))
                    }
                }
            }
        }
    }
}

/// Whether a text can be an account's id. Ids go into a header and into names of files.
pub fn is_account(text: &str) -> bool {
    let id = text.strip_prefix("acct_").unwrap_or_default();
    !id.is_empty() && text.len() <= 255 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connected_accounts_are_all_none_or_named() {
        assert_eq!(Connected::parse("all"), Ok(Connected::All));
        assert_eq!(Connected::parse("false"), Ok(Connected::No));
        let two = Connected::These(vec!["acct_1".to_owned(), "acct_2b".to_owned()]);
        assert_eq!(Connected::parse("acct_1, acct_2b"), Ok(two));
        assert!(Connected::parse("acct_1,../x").is_err());
        assert!(Connected::parse("").is_err());
    }
}
