//! The same bytes come out of the core however it is reached: linked natively, in the host's wasmtime,
//! and in V8 through the bytes ABI, typed arrays, text and objects; alone, in batches, in any order.

use anyhow::{Context, ensure};
use stripe_xdm::module::{Call as HostCall, Fate, RecordKind, Worker};
use stripe_xdm_tests::built::module;
use stripe_xdm_tests::corpus::{self, SETTINGS};
use stripe_xdm_tests::framing::{answers, blocks, request, unblock};
use stripe_xdm_tests::native::{self, Native};
use stripe_xdm_tests::node;

/// Odd, so that the objects are of test mode; other tests use other seeds.
const SEED: u64 = 20_260_823;
const SEEDED: usize = 600;

/// What a sync says in each call.
const CALL: &str = r#"{"observed_at":1795000000,"api_version":"2026-08-26.dahlia"}"#;

fn texts() -> anyhow::Result<Vec<String>> {
    corpus::varied(SEED, SEEDED)
}

fn native_answers<T: AsRef<[u8]>>(call: &str, objects: &[T]) -> anyhow::Result<Vec<Vec<u8>>> {
    let (mut native, call) = (Native::open(SETTINGS)?, native::call(call)?);
    objects.iter().map(|object| native.answer(&call, object.as_ref())).collect()
}

/// Another order, the same for the same seed.
fn shuffled(len: usize, seed: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..len).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    order
}

/// Makes the first difference readable: the objects are too many and too large to print.
fn assert_same(path: &str, object: &[u8], found: &[u8], wanted: &[u8]) -> anyhow::Result<()> {
    let text = String::from_utf8_lossy;
    ensure!(
        found == wanted,
        "{path} differs from the native core\nobject: {}\nfound:  {}\nwanted: {}",
        text(object),
        text(found),
        text(wanted)
    );
    Ok(())
}

#[test]
fn the_corpus_has_every_kind_of_outcome() -> anyhow::Result<()> {
    let (mut native, call) = (Native::open(SETTINGS)?, native::call("")?);
    let (mut done, mut embedded, mut tombstones, mut warned, mut failed) = (0, 0, 0, 0, 0);
    let mut invalid = 0;
    let mut datasets = std::collections::BTreeSet::new();
    for text in texts()? {
        let (outcome, output) = native.transform(&call, text.as_bytes());
        done += usize::from(outcome.is_ok());
        failed += usize::from(outcome.is_err());
        warned += usize::from(!output.warnings.is_empty());
        for record in &output.records {
            datasets.insert(record.dataset);
            invalid += usize::from(!record.valid);
            embedded += usize::from(record.kind as u8 == 1);
            tombstones += usize::from(record.kind as u8 == 2);
        }
    }
    ensure!(datasets.into_iter().eq(0..14), "every dataset");
    ensure!(done > 500 && embedded > 50, "{done} done, {embedded} embedded");
    ensure!(tombstones > 0 && warned > 0 && failed > 0, "{tombstones}, {warned}, {failed}");
    ensure!(invalid > 0, "records that are not what their schema says");
    Ok(())
}

#[test]
fn the_hosts_sandbox_gives_the_native_bytes() -> anyhow::Result<()> {
    let module = module()?;
    let mut worker = Worker::open(&module, SETTINGS.as_bytes())?;
    let mut objects: Vec<Vec<u8>> = texts()?.into_iter().map(String::into_bytes).collect();
    objects.extend(corpus::broken()?);
    let call = HostCall {
        observed_at: Some(1_795_000_000),
        api_version: Some("2026-08-26.dahlia".to_owned()),
        resource: None,
    };
    let wanted = native_answers(CALL, &objects)?;
    let backwards: Vec<usize> = (0..objects.len()).rev().collect();
    let ways =
        [(objects.len(), shuffled(objects.len(), 1)), (128, shuffled(objects.len(), 2)), (1, backwards)];
    for (size, order) in ways {
        for chunk in order.chunks(size) {
            let given: Vec<&[u8]> = chunk.iter().map(|index| objects[*index].as_slice()).collect();
            let batch = worker.transform(&call, &given)?;
            ensure!(batch.objects().len() == chunk.len());
            for (index, result) in chunk.iter().zip(batch.objects()) {
                let path = format!("wasmtime in batches of {size}");
                let framed = [&1u32.to_le_bytes()[..], &wanted[*index]].concat();
                let wanted = answers(&framed)?.pop().context("one answer")?;
                let (status, report) = match &result.fate {
                    Fate::Done(report) => (0, serde_json::to_value(Said::from(report))?),
                    Fate::Failed(error) => (1, serde_json::to_value(error)?),
                    Fate::Skipped(kind) => (2, serde_json::json!({ "type": kind })),
                };
                let object = &objects[*index];
                assert_same(&path, object, &[status], &[wanted.status])?;
                assert_same(
                    &path,
                    object,
                    report.to_string().as_bytes(),
                    native::report(wanted.report)?.to_string().as_bytes(),
                )?;
                let records = batch.records(result);
                ensure!(records.len() == wanted.records.len(), "{path}: the number of records");
                for (found, wanted) in records.iter().zip(&wanted.records) {
                    let kind = match found.kind {
                        RecordKind::Main => 0,
                        RecordKind::Embedded => 1,
                        RecordKind::Tombstone => 2,
                    };
                    let kind = if found.valid { kind } else { kind + 128 };
                    ensure!((found.dataset, kind) == (wanted.dataset, wanted.kind), "{path}: the dataset");
                    assert_same(&path, object, batch.bytes(found), wanted.bytes)?;
                }
            }
        }
    }
    Ok(())
}

/// The host's reading of a report, in the report's own form.
#[derive(serde::Serialize)]
struct Said<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [stripe_xdm::module::Warning],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unmapped: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    shed: Option<u32>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    invalid: &'a [stripe_xdm::module::Invalid],
}

impl<'a> From<&'a stripe_xdm::module::Report> for Said<'a> {
    fn from(report: &'a stripe_xdm::module::Report) -> Self {
        let shed = Some(report.shed).filter(|shed| *shed > 0);
        Self { warnings: &report.warnings, unmapped: &report.unmapped, shed, invalid: &report.invalid }
    }
}

#[test]
fn every_way_through_node_gives_the_native_bytes() -> anyhow::Result<()> {
    let texts = texts()?;
    let broken = corpus::broken()?;
    let objects: Vec<&[u8]> =
        texts.iter().map(String::as_bytes).chain(broken.iter().map(Vec::as_slice)).collect();
    let alone = native_answers(CALL, &objects)?;

    let order = shuffled(objects.len(), 3);
    let mixed: Vec<&[u8]> = order.iter().map(|index| objects[*index]).collect();
    let mut requests = vec![request(CALL, &objects), request(CALL, &mixed), request::<&[u8]>(CALL, &[])];
    requests.extend(objects.iter().map(|object| request(CALL, &[object])));
    let response = |answers: &[&Vec<u8>]| {
        let mut bytes = (answers.len() as u32).to_le_bytes().to_vec();
        answers.iter().for_each(|answer| bytes.extend_from_slice(answer));
        bytes
    };
    let mut wanted = vec![
        response(&alone.iter().collect::<Vec<_>>()),
        response(&order.iter().map(|index| &alone[*index]).collect::<Vec<_>>()),
        response(&[]),
    ];
    wanted.extend(alone.iter().map(|answer| response(&[answer])));

    // Requests that are no requests are refused in the same words by both framings.
    let good = request("", &[&texts[0]]);
    let cut = good[..good.len() - 1].to_vec();
    let longer = [&good[..], b"x"].concat();
    let bad_call = request(r#"{"observed":1}"#, &[&texts[0]]);
    let malformed = [Vec::new(), cut, longer, bad_call, vec![0xff; 64]];
    requests.extend(malformed.iter().cloned());

    let refused = [
        r#"{"tenant":""}"#,
        r#"{"tenant":"_acme","customer_namespace":"a b","currency_exponents":{"USD":2}}"#,
        r#"{"account":"acct_1"}"#,
        r#"{"tenant":"acme","tennant":"acme"}"#,
        r#"{"tenant":"acme","models":[{"resource":"topup"}]}"#,
    ];

    let dir = tempfile::tempdir()?;
    let file = |name: &str| dir.path().join(name);
    std::fs::write(file("settings.json"), SETTINGS)?;
    std::fs::write(file("call.json"), CALL)?;
    std::fs::write(file("requests.bin"), blocks(&requests))?;
    std::fs::write(file("texts.bin"), blocks(&texts))?;
    std::fs::write(file("refused.bin"), blocks(&refused))?;
    let differing = node::run("parity.mjs", dir.path())?;

    let read = |name: &str| std::fs::read(file(name)).context("an output of parity.mjs");
    let (raw, bytes) = (read("raw.bin")?, read("bytes.bin")?);
    let (raw, bytes) = (unblock(&raw)?, unblock(&bytes)?);
    ensure!(raw.len() == requests.len() && bytes.len() == requests.len());
    for (index, request) in requests.iter().enumerate() {
        let name = if index < 2 { b"(a whole batch)" } else { &request[..] };
        match wanted.get(index) {
            Some(wanted) => {
                let wanted = [&[0], &wanted[..]].concat();
                assert_same("Node, bytes ABI", name, raw[index], &wanted)?;
                assert_same("Node, transformBytes", name, bytes[index], &wanted)?;
            }
            None => {
                ensure!(raw[index].first() == Some(&1), "a malformed request was answered");
                assert_same("Node, transformBytes (refusal)", name, bytes[index], raw[index])?;
            }
        }
    }

    let json = read("json.bin")?;
    let json = unblock(&json)?;
    ensure!(json.len() == texts.len() + 2);
    let (mut native, call) = (Native::open(SETTINGS)?, native::call(CALL)?);
    let mut outcomes = Vec::new();
    for (text, found) in texts.iter().zip(&json) {
        let outcome = native.outcome(&call, text.as_bytes())?;
        let wanted = format!("\0[{outcome}]");
        assert_same("Node, transformJson", text.as_bytes(), found, wanted.as_bytes())?;
        outcomes.push(outcome);
    }
    let together = format!("\0[{}]", outcomes.join(","));
    for (name, found) in ["an array", "a list page"].into_iter().zip(&json[texts.len()..]) {
        assert_same("Node, transformJson", name.as_bytes(), found, together.as_bytes())?;
    }

    ensure!(
        differing.is_empty(),
        "as objects, {} of {} texts differ, the first:\n{}",
        differing.lines().count(),
        texts.len(),
        differing.lines().next().unwrap_or_default()
    );

    let (raw, js) = (read("refused_raw.bin")?, read("refused_js.bin")?);
    let (raw, js) = (unblock(&raw)?, unblock(&js)?);
    for (index, settings) in refused.iter().enumerate() {
        let error = Native::open(settings).err().with_context(|| format!("{settings} was accepted"))?;
        let wanted = serde_json::json!({ "code": "invalid_settings", "message": error.to_string() });
        let wanted = [&[1], wanted.to_string().as_bytes()].concat();
        assert_same("Node, xdm_open", settings.as_bytes(), raw[index], &wanted)?;
        assert_same("Node, open", settings.as_bytes(), js[index], &wanted)?;
    }
    Ok(())
}

/// Questions of every command; expressions of every kind of function, exact numbers, chance, failures.
fn questions() -> anyhow::Result<Vec<String>> {
    let input = r#"{"n":12345678901234567890,"x":0.1,"s":"Grüße, 世界","a":[3,1,2],"o":{"k":"v","e":[]},"t":"2021-10-26T12:11:08Z"}"#;
    let expressions = [
        "n",
        "n + 1",
        "x * 3",
        "1 / 3",
        "s",
        "upper(s)",
        "sha256(s)",
        "size_of(a)",
        "join(\",\", to_array(a))",
        "a =~ 3",
        "s =~ \"G.*\"",
        "o.k ?: 'none'",
        "missing.path",
        "o",
        "{\"m\": [n, null, {}]}",
        "now()",
        "uuid()",
        "uuid() == uuid()",
        "format(now(), \"yyyy-MM-dd'T'HH:mm:ssXXX\", \"Europe/Berlin\")",
        "date(t)",
        "date_part(\"dow\", date(t))",
        "transformArray(a, e -> e * 2)",
        "extract_regex(s, \"(\\\\p{L}+)\")",
        "to_float(\"0.1\")",
        "stripe_major(n, \"jpy\")",
        "stripe_datetime(1679609767)",
        "get_url_host(\"https://a.example/b\")",
        "uper(s)",
        "1 +",
        "s - 1",
        "fpid_to_ecid(\"x\")",
        "stripe_major(1, \"zzz\")",
        "[1, 2",
    ];
    let mut questions = Vec::new();
    for expression in expressions {
        let expression = serde_json::to_string(expression)?;
        questions.push(format!(
            r#"{{"command":"eval","expression":{expression},"input":{input},"now":"2026-01-31T12:00:00.5+01:00","seed":7}}"#
        ));
        questions.push(format!(r#"{{"command":"validateExpression","expression":{expression}}}"#));
    }
    let charge = corpus::compact("charge")?;
    let set = r#"{"mappings":[{"sourceAttribute":"data.id","destinationXdmPath":"_acme.id"},{"sourceType":"EXPRESSION","source":"uper(data.id)","destination":"b"}]}"#;
    let sound = r#"{"mappings":[{"sourceAttribute":"data.id","destinationXdmPath":"_acme.id"}]}"#;
    let settings = r#"{"tenant":"acme","account":"acct_1"}"#;
    questions.extend([
        format!(r#"{{"command":"validate","set":{set},"samples":[{charge}]}}"#),
        format!(r#"{{"command":"preview","set":{sound},"samples":[{charge},{{"data":{charge}}}]}}"#),
        format!(r#"{{"command":"preview","set":{set},"samples":[{charge}]}}"#),
        format!(r#"{{"command":"preview","resource":"charge","samples":[{charge}],"settings":{settings}}}"#),
        format!(r#"{{"command":"explain","resource":"charge","samples":[{charge}]}}"#),
        format!(r#"{{"command":"export","resource":"charge","settings":{settings}}}"#),
        format!(r#"{{"command":"import","set":{set}}}"#),
        format!(r#"{{"command":"diff","a":{{"resource":"charge"}},"b":{{"set":{sound}}}}}"#),
        format!(r#"{{"command":"schema","settings":{settings}}}"#),
        r#"{"command":"functions"}"#.to_owned(),
        r#"{"command":"operators"}"#.to_owned(),
    ]);
    Ok(questions)
}

#[test]
fn questions_have_one_answer_everywhere() -> anyhow::Result<()> {
    let questions = questions()?;
    let mut wanted = Vec::new();
    let mut answered = 0;
    for question in &questions {
        wanted.push(match stripe_xdm_core::language::answer(question) {
            Ok(answer) => {
                answered += 1;
                [&[0], answer.as_bytes()].concat()
            }
            Err(error) => [&[1], serde_json::to_vec(&error)?.as_slice()].concat(),
        });
    }
    ensure!(answered * 4 > questions.len() * 3, "only {answered} of {} have an answer", questions.len());

    let module = module()?;
    for (question, wanted) in questions.iter().zip(&wanted) {
        let found = match module.ask(question) {
            Ok(answer) => [&[0], answer.as_bytes()].concat(),
            Err(refusal) => [&[1], serde_json::to_vec(&refusal)?.as_slice()].concat(),
        };
        assert_same("wasmtime", question.as_bytes(), &found, wanted)?;
    }

    let dir = tempfile::tempdir()?;
    std::fs::write(dir.path().join("questions.bin"), blocks(&questions))?;
    let differing = node::run("language.mjs", dir.path())?;
    for name in ["raw.bin", "json.bin"] {
        let found = std::fs::read(dir.path().join(name))?;
        let found = unblock(&found)?;
        ensure!(found.len() == questions.len());
        for ((question, found), wanted) in questions.iter().zip(found).zip(&wanted) {
            assert_same(name, question.as_bytes(), found, wanted)?;
        }
    }
    ensure!(differing.is_empty(), "as objects these differ:\n{differing}");
    Ok(())
}
