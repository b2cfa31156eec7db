//! `stripe-xdm.toml`: what is taken, what is refused, and where it says that the mistake is.

use proptest::prelude::*;
use std::path::Path;
use stripe_xdm::config::{ConfigFile, Connected, Problem, SecretRef, Setting};

fn read(text: &str) -> Result<ConfigFile, Vec<Problem>> {
    let (file, problems) = ConfigFile::parse(Path::new("/etc/stripe/stripe-xdm.toml"), text);
    if problems.is_empty() { Ok(file) } else { Err(problems) }
}

fn problems(text: &str) -> Vec<String> {
    let problems = read(text).expect_err("the file is refused");
    problems.iter().map(|problem| problem.to_string().replace("/etc/stripe/stripe-xdm.toml:", "")).collect()
}

fn values<'a>(file: &'a ConfigFile, flag: &str) -> Vec<&'a str> {
    let of_flag = file.settings.iter().filter(|setting: &&Setting| setting.flag == flag);
    of_flag.flat_map(|setting| setting.values.iter().map(String::as_str)).collect()
}

#[test]
fn values_become_what_would_follow_their_options() {
    let file = read(
        r#"
        [sync]
        lake = "lake"
        resources = ["charges", "prices"]
        since = 2026-01-31T12:00:00Z
        rate_limit = 12.5
        concurrency = 0x10
        api_key = { env = "SHOP_KEY" }
        connected = ["acct_1", "acct_2"]
        [mapping]
        purchase_measure = false
        email_identity = true
        currency_exponents = { xyz = 3, abc = 0 }
        rules = { timestamp = "warn" }
        mappings = ["charge=own.json", "/abs.json"]
        [privacy]
        salt = { file = "salt" }
        "#,
    )
    .unwrap();
    assert_eq!(values(&file, "lake"), ["/etc/stripe/lake"], "paths start at the file");
    assert_eq!(values(&file, "resources"), ["charges", "prices"]);
    assert_eq!(values(&file, "since"), ["2026-01-31T12:00:00Z"]);
    assert_eq!(values(&file, "rate-limit"), ["12.5"]);
    assert_eq!(values(&file, "concurrency"), ["16"]);
    assert_eq!(values(&file, "api-key-env"), ["SHOP_KEY"]);
    assert_eq!(values(&file, "connected"), ["acct_1,acct_2"]);
    assert_eq!(values(&file, "no-purchase-measure"), ["true"]);
    assert_eq!(values(&file, "email-identity"), ["true"]);
    let mut exponents = values(&file, "currency-exponent");
    exponents.sort_unstable();
    assert_eq!(exponents, ["abc=0", "xyz=3"]);
    assert_eq!(values(&file, "rule"), ["timestamp=warn"]);
    assert_eq!(values(&file, "mapping"), ["charge=/etc/stripe/own.json", "/abs.json"]);
    assert_eq!(values(&file, "privacy-salt-file"), ["/etc/stripe/salt"]);
}

#[test]
fn several_secrets_are_a_list_of_references_and_never_secrets() {
    let file = read(
        r#"
        [webhook]
        secrets = [{ env = "NEW" }, { file = "old" }, { env = "NEWER" }]
        "#,
    )
    .unwrap();
    assert_eq!(values(&file, "webhook-secret-env"), ["NEW", "NEWER"]);
    assert_eq!(values(&file, "webhook-secret-file"), ["/etc/stripe/old"]);
    for (secrets, said) in [
        (r#"["whsec_n0b0dy"]"#, "holds the secret itself"),
        (r#""whsec_n0b0dy""#, "holds the secret itself"),
        (r#"{ env = "NAME" }"#, "expected a list"),
        ("[]", "expected a list"),
        (r#"[{ name = "NAME" }]"#, "expected"),
    ] {
        let problems = problems(&format!("[webhook]\nsecrets = {secrets}"));
        assert!(problems[0].contains(said) && !problems[0].contains("n0b0dy"), "{problems:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_their_places() {
    let told = problems(
        "[sync]\nlake = 3\nresurces = []\n\n[maping]\n[mapping]\n  lake = \"x\"\n[log]\nlevel = true\n",
    );
    assert_eq!(told.len(), 5, "{told:#?}");
    assert!(told[0].starts_with("2:8: sync.lake: expected a path in quotes"), "{}", told[0]);
    assert!(told[1].starts_with("3:1: sync has no key resurces; did you mean resources?"), "{}", told[1]);
    assert!(told[2].starts_with("5:2: unknown table maping; did you mean mapping?"), "{}", told[2]);
    assert!(
        told[3].starts_with("7:3: mapping has no key lake; it belongs into the table [sync]"),
        "{}",
        told[3]
    );
    assert!(told[4].starts_with("9:9: log.level: expected a text"), "{}", told[4]);
    let told = problems("lake = \"x\"\n");
    assert!(told[0].contains("belongs into the table [sync]"), "{told:?}");
}

#[test]
fn what_is_well_is_read_beside_what_is_not() {
    let text = "[sync]\nlake = 3\nrate_limit = 7\n[log]\nlevel = true\n";
    let (file, problems) = ConfigFile::parse(Path::new("stripe-xdm.toml"), text);
    assert_eq!(values(&file, "rate-limit"), ["7"]);
    let keys: Vec<_> = problems.iter().map(|p| p.key.map(ToString::to_string).unwrap_or_default()).collect();
    assert_eq!(keys, ["sync.lake", "log.level"]);
}

#[test]
fn what_is_no_toml_is_told_with_its_place_and_without_its_text() {
    let told = problems("[sync]\nlake = \"a\"\napi_key = rk_live_secretsecret\n");
    assert!(told[0].starts_with("3:"), "{told:?}");
    assert!(!told.concat().contains("secretsecret"), "{told:?}");
}

#[test]
fn secrets_are_refused_wherever_they_stand_and_never_shown() {
    for text in [
        "[sync]\napi_key = \"rk_live_secretsecret\"",
        "[sync]\napi_key = { env = \"rk_live_secretsecret\" }",
        "[sync]\napi_key = { file = \"sk_test_secretsecret\" }",
        "[sync]\naccount = \"sk_live_secretsecret\"",
        "[privacy]\nsalt = \"secretsecret\"",
        "[privacy]\nsalt = { env = \"secret-secretsecret\" }",
        "[platform]\nclient_secret = \"secretsecret\"",
        "[[account]]\nname = \"a\"\napi_key = \"rk_live_secretsecret\"",
    ] {
        let told = problems(text).concat();
        assert!(!told.contains("secretsecret"), "{told}");
        assert!(!format!("{:?}", read(text)).contains("secretsecret"), "{text}");
        assert!(text.contains("secret-") || told.contains("env = \"NAME\""), "{told}");
    }
}

#[test]
fn accounts_are_read_and_each_needs_a_name_and_a_key() {
    let file = read(
        r#"
        [[account]]
        name = "shop"
        api_key = { env = "SHOP" }
        connected = true
        resources = ["charges"]
        since = 2026-01-01
        rate_limit = 20

        [[account]]
        name = "club"
        api_key = { file = "club.key" }
        account = "acct_2"
        "#,
    )
    .unwrap();
    let [shop, club] = file.accounts.as_slice() else { panic!("{:?}", file.accounts) };
    assert_eq!(shop.api_key, SecretRef::Env("SHOP".to_owned()));
    assert_eq!(shop.connected, Some(Connected::All));
    assert_eq!(shop.since.as_deref(), Some("2026-01-01"));
    assert_eq!(shop.rate_limit.as_deref(), Some("20"));
    assert_eq!(club.api_key, SecretRef::File("/etc/stripe/club.key".into()));
    assert_eq!((club.account.as_deref(), &club.connected), (Some("acct_2"), &None));

    let told = problems("[[account]]\naccount = \"../x\"\nnam = \"a\"\n").concat();
    for word in ["no name", "no api_key", "did you mean name?", "such as acct_"] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let twice = "[[account]]\nname = \"a\"\napi_key = { env = \"A\" }\n";
    assert!(problems(&twice.repeat(2)).concat().contains("two accounts are called a"));
    assert!(problems("account = 3").concat().contains("[[account]]"));
}

#[test]
fn an_empty_list_is_not_the_default() {
    let file = read("[mapping]\nmetadata_allow = []\n[sync]\nconnected = []").unwrap();
    assert_eq!(values(&file, "metadata-allow"), [""]);
    assert_eq!(values(&file, "connected"), ["none"]);
}

#[test]
fn a_secret_is_read_without_the_space_around_it_and_an_empty_one_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    std::fs::write(&path, "\u{feff} rk_test_1\r\n").unwrap();
    assert_eq!(SecretRef::File(path.clone()).read().unwrap(), "rk_test_1");
    std::fs::write(&path, "\n").unwrap();
    assert!(SecretRef::File(path).read().unwrap_err().to_string().contains("is empty"));
    let nowhere = SecretRef::Env("STRIPE_XDM_TEST_NOWHERE".to_owned());
    assert!(nowhere.read().unwrap_err().to_string().contains("STRIPE_XDM_TEST_NOWHERE is not set"));
    assert_eq!(nowhere.shown(), "NOT SET (env STRIPE_XDM_TEST_NOWHERE)");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[\\PC\\n\\[\\]=\"{}.,# ]{0,200}") {
        if let Err(problems) = read(&text) {
            prop_assert!(!problems.is_empty());
        }
    }

    #[test]
    fn any_value_of_any_key_is_taken_or_refused_with_its_place(
        key in "(lake|resources|since|api_key|connected|rate_limit|concurrency)",
        value in r#"(-?[0-9]{1,30}|0x[0-9a-f]{1,20}|"[^"\\\n]{0,9}"|\[\]|\["a",1\]|\{\}|\{ env = 1 \}|\{ env = "A" \}|true|nan|1e999|2026-01-31|07:32:00)"#,
    ) {
        if let Err(problems) = read(&format!("[sync]\n{key} = {value}\n")) {
            prop_assert!(problems.iter().all(|problem| problem.place.is_some_and(|place| place.line == 2)));
        }
    }
}
