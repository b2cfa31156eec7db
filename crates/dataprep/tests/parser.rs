//! What the expression language accepts, how it groups, where it complains, and that neither
//! strange text nor printing and reading again breaks it.

use dataprep::expr::{BinaryOp, Expr, ExprKind, Path, Segment, Span, UnaryOp, parse};
use proptest::prelude::*;

/// The tree in Lisp's notation, so that grouping is visible.
fn lisp(expr: &Expr) -> String {
    let all = |head: &str, items: &[&Expr]| {
        let items: String = items.iter().map(|item| format!(" {}", lisp(item))).collect();
        format!("({head}{items})")
    };
    match &expr.kind {
        ExprKind::Null => "null".into(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Number(text) => text.clone(),
        ExprKind::String(value) => format!("{value:?}"),
        ExprKind::Path(path) => format!("<{path}>"),
        ExprKind::Array(items) => all("array", &items.iter().collect::<Vec<_>>()),
        ExprKind::Map(entries) => all("map", &entries.iter().flat_map(|(k, v)| [k, v]).collect::<Vec<_>>()),
        ExprKind::Unary(op, a) => all(op.symbol(), &[a]),
        ExprKind::Binary(op, a, b) => all(op.symbol(), &[a, b]),
        ExprKind::Ternary(a, b, c) => all("?", &[a, b, c]),
        ExprKind::Elvis(a, b) => all("?:", &[a, b]),
        ExprKind::Coalesce(a, b) => all("??", &[a, b]),
        ExprKind::Call(name, items) => all(name, &items.iter().collect::<Vec<_>>()),
        ExprKind::Method(a, name, items) => {
            all(&format!(".{name}()"), &std::iter::once(&**a).chain(items).collect::<Vec<_>>())
        }
        ExprKind::Lambda(names, body) => all(&format!("-> [{}]", names.join(" ")), &[body]),
        ExprKind::Member(a, name) => all(&format!(".{name}"), &[a]),
        ExprKind::Index(a, b) => all("[]", &[a, b]),
        ExprKind::Empty(a) => all("empty", &[a]),
        ExprKind::Size(a) => all("size", &[a]),
        ExprKind::Range(a, b) => all("..", &[a, b]),
    }
}

/// Parses, and checks on the way that printing and reading again changes nothing.
fn read(text: &str) -> Expr {
    let expr = parse(text).unwrap_or_else(|error| panic!("{text}\n{error}\n{}", error.caret(text)));
    let printed = expr.to_string();
    let again = parse(&printed).unwrap_or_else(|error| panic!("{text} printed {printed}: {error}"));
    assert_eq!(lisp(&again), lisp(&expr), "{text} printed {printed}");
    assert_eq!(again.to_string(), printed, "{text}");
    expr
}

#[test]
fn expressions_group_as_in_jexl() {
    let table = [
        (
            "a || b && c | d ^ e & f == g < h + i * -j",
            "(|| <a> (&& <b> (| <c> (^ <d> (& <e> (== <f> (< <g> (+ <h> (* <i> (- <j>))))))))))",
        ),
        ("a - b - c", "(- (- <a> <b>) <c>)"),
        ("a - (b - c)", "(- <a> (- <b> <c>))"),
        ("(a + b) * c", "(* (+ <a> <b>) <c>)"),
        ("a or b and not c", "(|| <a> (&& <b> (! <c>)))"),
        ("a eq 1 and b ne 2", "(&& (== <a> 1) (!= <b> 2))"),
        ("a lt b == (c gt d)", "(== (< <a> <b>) (> <c> <d>))"),
        ("a le b and c ge d", "(&& (<= <a> <b>) (>= <c> <d>))"),
        ("a mod b div c", "(/ (% <a> <b>) <c>)"),
        ("not a == b", "(== (! <a>) <b>)"),
        ("!!a", "(! (! <a>))"),
        ("!$x", "(! <$x>)"),
        ("a !$ b", "(!$ <a> <b>)"),
        ("!${First Name}", "(! <First Name>)"),
        ("!~a", "(! (~ <a>))"),
        ("a == b =~ c", "(== <a> (=~ <b> <c>))"),
        (
            "a =^ 'x' and b !^ 'y' and c =$ 'z' and d !~ 'w'",
            "(&& (&& (&& (=^ <a> \"x\") (!^ <b> \"y\")) (=$ <c> \"z\")) (!~ <d> \"w\"))",
        ),
        ("a ? b : c ? d : e", "(? <a> <b> (? <c> <d> <e>))"),
        ("(a ? b : c) ? d : e", "(? (? <a> <b> <c>) <d> <e>)"),
        ("a ? b ?: c : d", "(? <a> (?: <b> <c>) <d>)"),
        ("a ?? b ?? 'c'", "(?? <a> (?? <b> \"c\"))"),
        ("a ?.5 : 1", "(? <a> 0.5 1)"),
        ("empty a and b", "(&& (empty <a>) <b>)"),
        ("empty(a) || size(b) > 2", "(|| (empty <a>) (> (size <b>) 2))"),
        ("-a.b", "(- <a.b>)"),
        ("1..5", "(.. 1 5)"),
        ("a <-1", "(< <a> (- 1))"),
        ("x -> x > 0 and y", "(-> [x] (&& (> <x> 0) <y>))"),
        ("f((x, y) -> x + y, () -> 1)", "(f (-> [x y] (+ <x> <y>)) (-> [] 1))"),
        ("a ? x -> x : b", "(? <a> (-> [x] <x>) <b>)"),
    ];
    for (text, tree) in table {
        assert_eq!(lisp(&read(text)), tree, "{text}");
    }
}

#[test]
fn paths_calls_and_members() {
    let table = [
        ("a.b.c", "<a.b.c>"),
        ("a?.b", "<a.b>"),
        ("a.size.empty.new.mod.min", "<a.size.empty.new.mod.min>"),
        ("a.0.1st", "<a.0.1st>"),
        ("a[0].b['c d']", "<a[0].b.c d>"),
        ("(a.b).c", "<a.b.c>"),
        ("items[*].price{*}.x{key}", "<items[*].price{*}.x{key}>"),
        ("a{**}", "<a{**}>"),
        ("${First Name}", "<First Name>"),
        ("${First\\.Name}", "<First\\.Name>"),
        ("a.${b c}.d", "<a.b c.d>"),
        ("${a.b c}", "<a.b c>"),
        ("${size}.x", "<size.x>"),
        ("${lower}.join", "<lower.join>"),
        ("f(${min} + a.max)", "(f (+ <min> <a.max>))"),
        ("${a$}{*}", "<a${*}>"),
        ("名前.größe", "<名前.größe>"),
        ("a[i + 1].b", "(.b ([] <a> (+ <i> 1)))"),
        ("a[-1]", "([] <a> (- 1))"),
        ("f(x).get('k').name[0]", "([] (.name (.get() (f <x>) \"k\")) 0)"),
        ("organizations[0].equals(\"Marketing\")", "(.equals() <organizations[0]> \"Marketing\")"),
        ("a.b.size()", "(.size() <a.b>)"),
        ("f(x).${odd name}", "(.odd name (f <x>))"),
        ("(5).f", "(.f 5)"),
        ("(a + b).c", "(.c (+ <a> <b>))"),
        ("{'a' : 1, b ? 'c' : 'd' : [2]}", "(map \"a\" 1 (? <b> \"c\" \"d\") (array 2))"),
        ("[{}, {:}, []]", "(array (map) (map) (array))"),
        ("a ## first\n + b // second\n /* third */ + c", "(+ (+ <a> <b>) <c>)"),
    ];
    for (text, tree) in table {
        assert_eq!(lisp(&read(text)), tree, "{text}");
    }
}

#[test]
fn numbers_keep_their_digits_and_become_json() {
    let table = [
        ("1.", "1.0"),
        (".5", "0.5"),
        ("+7", "7"),
        ("22.50", "22.50"),
        ("1e5", "1e5"),
        ("1.E-3", "1.0E-3"),
        ("9007199254740993", "9007199254740993"),
        ("0x1F", "31"),
        ("017", "15"),
        ("0017L", "15"),
        ("0", "0"),
        ("0.0", "0.0"),
        ("5L", "5"),
        ("5h", "5"),
        ("1.5d", "1.5"),
        ("1.f", "1.0"),
        ("2b", "2"),
        ("0xFFFFFFFFFFFFFFFFFFL", "4722366482869645213695"),
    ];
    for (text, json) in table {
        assert_eq!(read(text).kind, ExprKind::Number(json.into()), "{text}");
    }
}

#[test]
fn strings_know_escapes_and_keep_other_backslashes() {
    let table = [
        (r#""a\n\t\r\b\f\\\'\"""#, "a\n\t\r\u{8}\u{c}\\'\""),
        (r"'\u00e9\uD83D\uDE00'", "é😀"),
        (r"'\\|'", r"\|"),
        (r"'\d+\.'", r"\d+\."),
        (r#"'say "hi"'"#, "say \"hi\""),
        (r"''", ""),
    ];
    for (text, value) in table {
        assert_eq!(read(text).kind, ExprKind::String(value.into()), "{text}");
    }
}

#[test]
fn adobes_documented_expressions_parse() {
    let documented = [
        r#"concat("Hi, ", "there", "!")"#,
        r#"extract_regex("E259,E259B_009,1_1", "([^,]+),[^,]*,([^,]+)")"#,
        r#"dformat(1571829875000, "yyyy-MM-dd'T'HH:mm:ss.SSSX")"#,
        r#"date_part("MM", date("2019-10-17 11:55:12"))"#,
        r#"is_empty([1, null, 2, 3])"#,
        r#"arrays_to_objects('sku', explode("id1|id2", '\\|'), 'price', [22.5,14.35])"#,
        r#"str_to_object("firstName - John ; lastName - ; phone - 123 456 7890", "-", ";").get("firstName")"#,
        r#"get_keys({"book1": "Pride and Prejudice", "book2": "1984"})"#,
        r#"json_to_object({"info":{"firstName":"John","lastName": "Doe"}})"#,
        r#"coalesce(null, null, null, "first", null, "second")"#,
        r#"filterArray([5, -6, 0, 7], x -> x > 0)"#,
        r#"transformArray([5, 6, 7], x -> x + 1)"#,
        r#"flattenArray([[['a', 'b'], ['c', 'd']], [['e'], ['f']]])"#,
        r#"iif("s".equalsIgnoreCase("S"), "True", "False")"#,
        r#"array_to_string('_', filterArray(organizations, org -> org.founded > 2021))"#,
        r#"iif(organizations[0].equals("Marketing"), "isMarketing", "isNotMarketing")"#,
        r#"upsert_array_append([123, 456])"#,
        r#"concat(upper(lastName), upper(firstName), now())"#,
    ];
    for text in documented {
        read(text);
    }
}

#[test]
fn errors_say_what_is_wrong_and_where() {
    let table = [
        ("concat(a, b", "expected \",\" or \")\" but found end of expression at 1:12"),
        ("", "the expression is empty; write a field's name, a constant or a function at 1:1"),
        ("a b", "expected an operator or the end of the expression but found \"b\" at 1:3"),
        ("a +\n  * b", "expected a value but found \"*\" at 2:3"),
        ("größe + ", "expected a value but found end of expression at 1:9"),
        ("f('x", "the string that starts here has no closing \"'\" at 1:3"),
        ("f(\"STRING1)", "the string that starts here has no closing '\"' at 1:3"),
        ("a ] 'x", "expected an operator or the end of the expression but found \"]\" at 1:3"),
        ("'a\nb'", "a string cannot hold a line break; write \\n or close the string at 1:3"),
        ("'\\uD83D'", "\\u takes four hexadecimal digits, and a surrogate its other half at 1:2"),
        ("/* a", "the comment that starts here has no closing \"*/\" at 1:1"),
        ("${a", "the quoted name that starts here has no closing \"}\" at 1:1"),
        (
            "format(2019-10-23T11:24, 'y')",
            "\"23T11\" is not a number; dates and other text are written in quotes at 1:16",
        ),
        ("1.2.3", "\"1.2.3\" is not a number; dates and other text are written in quotes at 1:1"),
        (
            "089",
            "a leading zero makes a number octal, with the digits 0 to 7; leave the zero out, or write text in quotes at 1:1",
        ),
        (
            "a + lower",
            "lower is the name of a function; to call it write lower(…), to read a field of this name write ${lower} at 1:5",
        ),
        ("f(min -> min)", "min is the name of a function; call the parameter otherwise at 1:3"),
        ("a === b", "=== is not part of Data Prep; == compares at 1:3"),
        ("a << 2", "shifts are not part of Data Prep; multiply by a power of two at 1:3"),
        ("a++", "++ is not part of Data Prep: an expression changes nothing; write + 1 at 1:2"),
        ("a =~ ~/x/", "patterns are written in quotes: name =~ \"[a-z]+\" at 1:6"),
        (
            "a?[0]",
            "a missing array gives null by itself; write [ without ?, or a blank after the ? of a condition at 1:2",
        ),
        (
            "{1, 2}",
            "sets such as {1, 2} are not part of Data Prep; write an array, [1, 2], or a map, {'key' : value} at 1:3",
        ),
        ("`a ${b}`", "template strings are not part of Data Prep; use concat(…) at 1:1"),
        ("@silent a", "annotations are not part of Data Prep; write one expression at 1:1"),
        ("0x", "a hexadecimal number has 1 to 32 digits at 1:1"),
        ("mod", "\"mod\" is a reserved word; to read a field of this name write ${mod} at 1:1"),
        ("a + size", "\"size\" is a reserved word; to read a field of this name write ${size} at 1:5"),
        ("_errors", "\"_errors\" is a reserved word; to read a field of this name write ${_errors} at 1:1"),
        ("a < b < c", "comparisons do not chain, and \"<\" follows one; use parentheses or \"and\" at 1:7"),
        ("a ? b", "expected \":\" and the value for the other case but found end of expression at 1:6"),
        ("f(x)(y)", "only a function or method can be called, by its name at 1:5"),
        ("f(x)[*]", "[*] follows only a field path at 1:5"),
        ("a{b}", "expected an operator, {*}, {key} or {**} but found \"{\" at 1:2"),
        ("(x, x) -> x", "the lambda has two parameters named \"x\" at 1:1"),
        ("+a", "a leading + does nothing; leave it out at 1:1"),
        ("a.(b)", "expected a field name but found \"(\" at 1:3"),
        ("a\\.b", "a backslash cannot stand here; a name that holds a dot is written ${First\\.Name} at 1:2"),
        (
            "#pragma a b",
            "# begins nothing in Data Prep: there are no pragmas, and a comment begins with ## at 1:1",
        ),
        ("a;", "statements are not part of Data Prep; write one expression without \";\" at 1:2"),
        ("x => x", "\"=>\" is not an operator; write >= to compare and -> for a lambda at 1:3"),
    ];
    for (text, message) in table {
        assert_eq!(parse(text).map(|e| lisp(&e)).map_err(|e| e.to_string()), Err(message.into()), "{text}");
    }
}

#[test]
fn what_changes_state_is_refused() {
    for text in ["a = 1", "a += 1", "a.b -= 1", "a *= 2", "a /= 2", "a %= 2", "a &= 2", "a |= 2", "a ^= 2"] {
        let error = parse(text).expect_err(text);
        assert!(error.message.starts_with("assignment is not part of Data Prep; "), "{text}: {error}");
    }
    for text in [
        "for (x : a) x",
        "while (a) b",
        "do a",
        "if (a) b",
        "return a",
        "var x",
        "new('java.io.File')",
        "function(x) { x }",
        "break",
        "continue",
        "a else b",
        "x -> { return x }",
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.message.contains("is a statement, and a Data Prep expression"), "{text}: {error}");
    }
}

#[test]
fn the_caret_stands_under_the_character() {
    let text = "a +\n\tgröße ** b";
    let error = parse(text).expect_err("two operators");
    assert_eq!((error.line, error.column, error.position), (2, 9, 14));
    assert_eq!((error.expected.as_str(), error.found.as_str()), ("a value", "\"*\""));
    assert_eq!(error.caret(text), "\tgröße ** b\n\t       ^");
}

#[test]
fn nesting_and_chains_are_bounded() {
    // Printing adds no nesting that reading would then refuse.
    for text in ["empty ".repeat(60) + "a", "size not ".repeat(30) + "a", "- ".repeat(60) + "a"] {
        read(&text);
    }

    let nested = |open: &str, close: &str, n: usize| format!("{}a{}", open.repeat(n), close.repeat(n));
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("f(", ")"),
        ("-", ""),
        ("x -> ", ""),
        ("b ?: ", ""),
        ("b[", "]"),
        ("{1:", "}"),
    ] {
        assert!(parse(&nested(open, close, 64)).is_ok(), "{open}");
        for n in [65, 4000, 100_000] {
            let error = parse(&nested(open, close, n)).expect_err(open);
            assert!(error.message.contains("64 levels"), "{open}: {error}");
        }
    }
    for link in [" + a", ".f()", "[i]"] {
        let chain = |n: usize| format!("a{}", link.repeat(n));
        read(&chain(256));
        let error = parse(&chain(257)).expect_err(link);
        assert!(error.message.contains("256 operators"), "{link}: {error}");
    }
}

#[test]
fn spans_cover_the_source() {
    let text = " (a + b) * f( 'x' ).y ";
    let expr = parse(text).expect("an expression");
    let ExprKind::Binary(BinaryOp::Mul, sum, member) = &expr.kind else { panic!("{expr:?}") };
    let source = |e: &Expr| &text[e.span.start as usize..e.span.end as usize];
    assert_eq!(source(&expr), "(a + b) * f( 'x' ).y");
    assert_eq!(source(sum), "(a + b)");
    assert_eq!(source(member), "f( 'x' ).y");
}

#[test]
fn paths_read_leave_out_lambda_parameters() {
    let expr = read("f(a.b, x -> x.y + c[x.i] + g(z -> z + a), x) ?: {k : empty d[0]}");
    let paths: Vec<_> = expr.paths().iter().map(ToString::to_string).collect();
    assert_eq!(paths, ["a.b", "c", "a", "x", "k", "d[0]"]);
}

fn name(text: &str) -> Segment {
    Segment::Name(text.into())
}

#[test]
fn attribute_paths_parse_and_print() {
    let table = [
        ("a", vec![name("a")]),
        ("address.street\\.name", vec![name("address"), name("street.name")]),
        ("_id", vec![name("_id")]),
        ("1st name.a-b.new", vec![name("1st name"), name("a-b"), name("new")]),
        (
            "emails[*].x[12][0]",
            vec![name("emails"), Segment::Each, name("x"), Segment::Index(12), Segment::Index(0)],
        ),
        ("m{*}.a{key}", vec![name("m"), Segment::EachValue, name("a"), Segment::EachKey]),
        ("m{**}", vec![name("m"), Segment::Rest]),
        ("a\\[0\\]\\{\\}\\\\", vec![name("a[0]{}\\")]),
    ];
    for (text, segments) in table {
        let path = Path::parse(text).expect(text);
        assert_eq!(path, Path { segments });
        assert_eq!(path.to_string(), text);
    }
    let errors = [
        ("", "the path is empty; write where the field lies, such as a.b at 1:1"),
        ("a..b", "expected a field name but found \".\" at 1:3"),
        ("a.", "expected a field name but found end of path at 1:3"),
        ("[0]", "expected a field name but found \"[\" at 1:1"),
        (
            "a[x]",
            "expected [*] or an index such as [0] but found \"[x]\"; in a name these characters follow a backslash at 1:2",
        ),
        (
            "a[-1]",
            "expected [*] or an index such as [0] but found \"[-1]\"; in a name these characters follow a backslash at 1:2",
        ),
        (
            "a[4294967296]",
            "expected [*] or an index such as [0] but found \"[4294967296]\"; in a name these characters follow a backslash at 1:2",
        ),
        (
            "${a b}",
            "expected {*}, {key} or {**} but found \"{a b}\"; in a name these characters follow a backslash at 1:2",
        ),
        ("a]b", "expected \".\", \"[\" or the end of the path but found \"]\" at 1:2"),
        (
            "a\\b",
            "in a name a backslash escapes only . [ ] { } and \\; a backslash itself is written \\\\ at 1:2",
        ),
    ];
    for (text, message) in errors {
        assert_eq!(Path::parse(text).map_err(|error| error.to_string()), Err(message.into()), "{text}");
    }
}

#[test]
fn a_path_starts_with_itself_and_its_parents() {
    let path = |text| Path::parse(text).expect(text);
    assert!(path("a.b[0].c").starts_with(&path("a.b")));
    assert!(path("a.b").starts_with(&path("a.b")));
    assert!(!path("a.bc").starts_with(&path("a.b")));
    assert!(!path("a").starts_with(&path("a.b")));
}

fn node(kind: ExprKind) -> Expr {
    Expr { kind, span: Span::default() }
}

fn any_path() -> impl Strategy<Value = Path> {
    let segment = prop_oneof![
        4 => "[a-z$_ .\\\\{}0-9é-]{1,6}|size|new|key".prop_map(Segment::Name),
        1 => any::<u32>().prop_map(Segment::Index),
        1 => Just(Segment::Each),
        1 => Just(Segment::EachValue),
        1 => Just(Segment::EachKey),
        1 => Just(Segment::Rest),
    ];
    let first = "[a-z$_ .\\\\{}0-9é-]{1,6}|size|new|lower|min".prop_map(Segment::Name);
    (first, prop::collection::vec(segment, 0..4)).prop_map(|(first, mut rest)| {
        rest.insert(0, first);
        Path { segments: rest }
    })
}

fn any_op() -> impl Strategy<Value = BinaryOp> {
    prop::sample::select(&BinaryOp::ALL)
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        Just(ExprKind::Null),
        any::<bool>().prop_map(ExprKind::Bool),
        "0|[1-9][0-9]{0,3}(\\.[0-9]{1,2})?(e[0-9])?".prop_map(ExprKind::Number),
        any::<String>().prop_map(ExprKind::String),
        any_path().prop_map(ExprKind::Path),
    ]
    .prop_map(node);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let one = || inner.clone().prop_map(Box::new);
        let many = || prop::collection::vec(inner.clone(), 0..4);
        let ident = || "f[a-z_0-9$é]{0,3}x".prop_map(String::from);
        let call = || (ident(), many()).prop_map(|(f, args)| Box::new(node(ExprKind::Call(f, args))));
        prop_oneof![
            many().prop_map(ExprKind::Array),
            prop::collection::vec((inner.clone(), inner.clone()), 0..3).prop_map(ExprKind::Map),
            (prop::sample::select(vec![UnaryOp::Neg, UnaryOp::Not, UnaryOp::Complement]), one())
                .prop_map(|(op, a)| ExprKind::Unary(op, a)),
            (any_op(), one(), one()).prop_map(|(op, a, b)| ExprKind::Binary(op, a, b)),
            (one(), one(), one()).prop_map(|(a, b, c)| ExprKind::Ternary(a, b, c)),
            (one(), one()).prop_map(|(a, b)| ExprKind::Elvis(a, b)),
            (one(), one()).prop_map(|(a, b)| ExprKind::Coalesce(a, b)),
            (one(), one()).prop_map(|(a, b)| ExprKind::Range(a, b)),
            (ident(), many()).prop_map(|(f, args)| ExprKind::Call(f, args)),
            (one(), ident(), many()).prop_map(|(a, f, args)| ExprKind::Method(a, f, args)),
            (prop::collection::hash_set(ident(), 0..3), one())
                .prop_map(|(names, body)| ExprKind::Lambda(names.into_iter().collect(), body)),
            (call(), "[a-z .]{1,5}").prop_map(|(a, name)| ExprKind::Member(a, name)),
            (call(), one()).prop_map(|(a, b)| ExprKind::Index(a, b)),
            one().prop_map(ExprKind::Empty),
            one().prop_map(ExprKind::Size),
        ]
        .prop_map(node)
    })
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(text.is_char_boundary(error.position));
            let _ = (error.to_string(), error.caret(&text));
        }
        if let Ok(path) = Path::parse(&text) {
            prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
        }
    }

    #[test]
    fn text_made_of_tokens_never_panics(
        parts in prop::collection::vec(prop::sample::select(vec![
            "a", "b1", "size", "empty", "not", "and", "mod", "new", "null", "${a b}", "${", "$", "1", "1.", ".5",
            "0x1", "'s'", "\"", "\\", "+", "-", "!", "~", "=", "==", "=~", "<", "?", "?.", "?:", "??", ":", ".",
            "..", ",", "(", ")", "[", "]", "{", "}", "*", "->", "/*", "*/", "##", "\n", " ", "é", ";",
        ]), 0..24)
    ) {
        let text = parts.concat();
        match parse(&text) {
            Ok(expr) => {
                let printed = expr.to_string();
                prop_assert_eq!(parse(&printed).map(|e| lisp(&e)), Ok(lisp(&expr)), "{}", printed);
            }
            Err(error) => prop_assert!(text.is_char_boundary(error.position)),
        }
    }

    #[test]
    fn a_printed_tree_reads_as_itself(expr in any_expr()) {
        let printed = expr.to_string();
        prop_assert_eq!(parse(&printed).map(|e| lisp(&e)), Ok(lisp(&expr)), "{}", printed);
    }

    #[test]
    fn a_printed_path_reads_as_itself(path in any_path()) {
        prop_assert_eq!(Path::parse(&path.to_string()), Ok(path));
    }
}

#[test]
fn paths_end_where_records_do() {
    for step in [".b", "[0]", "[*]"] {
        Path::parse(&format!("a{}", step.repeat(127))).unwrap();
        for many in [128, 100_000] {
            let message = Path::parse(&format!("a{}", step.repeat(many))).unwrap_err().to_string();
            assert!(message.contains("more than 128 steps"), "{message}");
        }
    }
}
