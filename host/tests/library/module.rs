//! A module can loop, grow, trap, lie about pointers or ask for the file system: each ends one object or
//! the loading, never the host.

use std::time::Duration;
use stripe_xdm::module::{Batch, Cache, Call, Compiler, Fate, Limits, LoadError, Module, Worker};

/// A whole module that answers every object with one record of four bytes: the object's own first four.
/// What the first byte of an object makes it do besides: l loops, t traps, p answers with a pointer
/// outside the memory, m asks for 100 MiB and traps when it gets them not.
fn wat(import: &str, section: &str, version: u32) -> String {
    format!(
        r#"(module
        {import}
        {section}
        (memory (export "memory") 2)
        (global $top (mut i32) (i32.const 4096))
        (data (i32.const 16) "{{\"datasets\":[{{\"name\":\"things\"}}]}}")
        (data (i32.const 64) "\01\00\00\00")
        (func (export "xdm_abi_version") (result i32) i32.const {version})
        (func (export "xdm_alloc") (param i32) (result i32)
            (local $at i32)
            global.get $top local.set $at
            global.get $top local.get 0 i32.add i32.const 7 i32.add i32.const -8 i32.and global.set $top
            local.get $at)
        (func (export "xdm_free") (param i32 i32) i32.const 4096 global.set $top)
        (func $pack (param $ptr i32) (param $len i32) (result i64)
            local.get $ptr i64.extend_i32_u i64.const 31 i64.shl
            local.get $len i64.extend_i32_u i64.or)
        (func (export "xdm_open") (param i32 i32) (result i64) i32.const 64 i32.const 4 call $pack)
        (func (export "xdm_close") (param i32))
        (func (export "xdm_describe") (result i64) i32.const 16 i32.const 32 call $pack)
        (func (export "xdm_transform") (param $handle i32) (param $ptr i32) (param $len i32) (result i64)
            (local $count i32) (local $in i32) (local $out i32) (local $size i32)
            ;; skip the call
            local.get $ptr i32.load local.get $ptr i32.add i32.const 4 i32.add local.set $in
            local.get $in i32.load local.set $count
            i32.const 32768 local.set $out
            local.get $out local.get $count i32.store
            local.get $out i32.const 4 i32.add local.set $out
            local.get $in i32.const 4 i32.add local.set $in
            (block $end (loop $next
                local.get $count i32.eqz br_if $end
                local.get $in i32.load local.set $size
                local.get $in i32.load8_u offset=4
                (if (i32.eq (i32.const 108)) (then (loop $forever br $forever)))
                local.get $in i32.load8_u offset=4
                (if (i32.eq (i32.const 116)) (then unreachable))
                local.get $in i32.load8_u offset=4
                (if (i32.eq (i32.const 112)) (then i64.const 0x3fffffff80000064 return))
                local.get $in i32.load8_u offset=4
                (if (i32.eq (i32.const 109))
                    (then (i32.eq (memory.grow (i32.const 1600)) (i32.const -1)) (if (then unreachable))))
                ;; status 0, one record, dataset 0, kind 0, four bytes, no report
                local.get $out i32.const 0 i32.store8
                local.get $out i32.const 1 i32.store offset=1
                local.get $out i32.const 0 i32.store offset=5
                local.get $out i32.const 4 i32.store offset=8
                local.get $out local.get $in i32.load offset=4 i32.store offset=12
                local.get $out i32.const 0 i32.store offset=16
                local.get $out i32.const 20 i32.add local.set $out
                local.get $in i32.const 4 i32.add local.get $size i32.add local.set $in
                local.get $count i32.const 1 i32.sub local.set $count
                br $next))
            i32.const 32768 local.get $out i32.const 32768 i32.sub call $pack))"#
    )
}

const SECTION: &str = r#"(@custom "stripe-xdm-abi" "1")"#;

fn load(import: &str, section: &str, version: u32) -> Result<Module, LoadError> {
    let bytes = wat::parse_str(wat(import, section, version)).unwrap();
    let limits =
        Limits { deadline: Duration::from_millis(50), object: 1000, batch: 4000, ..Limits::default() };
    Module::load(&bytes, limits, &Cache::none())
}

fn codes(batch: &Batch) -> Vec<String> {
    let tell = |fate: &Fate| match fate {
        Fate::Done(_) => "done".to_owned(),
        Fate::Skipped(_) => "skipped".to_owned(),
        Fate::Failed(error) => error.code.clone(),
    };
    batch.objects().iter().map(|o| tell(&o.fate)).collect()
}

fn transform(objects: &[&str]) -> Batch {
    let module = load("", SECTION, 1).unwrap();
    let mut worker = Worker::open(&module, b"{}").unwrap();
    let objects: Vec<_> = objects.iter().map(|o| o.as_bytes()).collect();
    worker.transform(&Call::default(), &objects).unwrap()
}

#[test]
fn every_object_has_its_own_result_in_order() {
    let batch = transform(&["aaaa", "bbbb", "cccc"]);
    let bytes: Vec<_> =
        batch.objects().iter().flat_map(|o| batch.records(o)).map(|r| batch.bytes(r).to_vec()).collect();
    assert_eq!(bytes, [b"aaaa", b"bbbb", b"cccc"]);
}

#[test]
fn only_the_guilty_object_fails() {
    let batch = transform(&["aaaa", "loop", "trap", "ptr!", "more", "zzzz"]);
    let want = ["done", "module_deadline", "module_trap", "module_protocol", "module_trap", "done"];
    assert_eq!(codes(&batch), want);
    let last = &batch.objects()[5];
    assert_eq!(batch.bytes(&batch.records(last)[0]), b"zzzz");
}

#[test]
fn objects_that_are_too_large_never_reach_the_module_and_large_batches_are_split() {
    let large = "x".repeat(1001);
    let fits = "y".repeat(1000);
    let batch = transform(&["aaaa", &large, &fits, &fits, &fits, &fits, &fits, "zzzz"]);
    assert_eq!(codes(&batch), ["done", "object_too_large", "done", "done", "done", "done", "done", "done"]);
}

#[test]
fn a_module_of_another_abi_is_refused() {
    assert!(matches!(load("", "", 1), Err(LoadError::NoAbi)));
    let two = r#"(@custom "stripe-xdm-abi" "2")"#;
    assert!(matches!(load("", two, 1), Err(LoadError::WrongAbi { found }) if found == "2"));
    let told = load("", SECTION, 7).unwrap_err().to_string();
    assert!(told.contains("ABI version 7"), "{told}");
    assert!(matches!(
        Module::load(b"#!/bin/sh", Limits::default(), &Cache::none()),
        Err(LoadError::NotWasm(_))
    ));
}

#[test]
fn only_functions_for_javascript_may_be_imported() {
    assert!(load(r#"(import "./stripe_xdm_bg.js" "__wbg_x" (func))"#, SECTION, 1).is_ok());
    for import in [
        r#"(import "wasi_snapshot_preview1" "fd_write" (func))"#,
        r#"(import "./stripe_xdm_bg.js" "t" (table 1 funcref))"#,
        r#"(import "env" "f" (func))"#,
    ] {
        assert!(matches!(load(import, SECTION, 1), Err(LoadError::ForeignImport { .. })), "{import}");
    }
}

#[test]
fn a_compiled_module_is_kept_only_where_nobody_else_can_write() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let bytes = wat::parse_str(wat("", SECTION, 1)).unwrap();
    let dir = home.path().join("cache");
    let cache = Cache::at(dir.clone(), Compiler::InProcess);
    let files = || std::fs::read_dir(&dir).unwrap().count();
    for _ in 0..2 {
        Module::load(&bytes, Limits::default(), &cache).unwrap();
        assert_eq!(files(), 1);
    }
    let artefact = std::fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    std::fs::write(&artefact, b"nonsense").unwrap();
    Module::load(&bytes, Limits::default(), &cache).unwrap();
    std::fs::remove_file(&artefact).unwrap();
    std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o777)).unwrap();
    Module::load(&bytes, Limits::default(), &cache).unwrap();
    assert_eq!(files(), 0);
}
