//! What expressions compute: JEXL's rules for operators, null, comparison and methods; what is refused
//! before anything runs; where failures point; and that nothing can run without end.

mod common;

use dataprep::functions::Clock;
use dataprep::{CompileOptions, EvalError, Expression};

const RECORD: &str = r#"{"n":7,"d":2.50,"s":"abc","two":"2","empty":"","nothing":null,"yes":true,"no":false,
    "big":9223372036854775807,"list":[1,2,3],"words":["a","b"],"map":{"k":"v","l":null},"zero":0,
    "people":[{"name":"Ada","age":36},{"name":"Bob","age":17}],"lower":"odd name","deep":[[1,2],[3]]}"#;

fn gives(table: &[(&str, &str)]) {
    common::gives(RECORD, table);
}

fn fails(table: &[(&str, &str)]) {
    common::fails(RECORD, table);
}

fn run(text: &str) -> Result<String, String> {
    common::run(text, RECORD).map(|found| found.json)
}

#[test]
fn whole_numbers_are_exact_beyond_64_bits() {
    gives(&[
        ("1 + 2 * 3", "7"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("n div 2", "3"),
        ("-7 % 3", "-1"),
        ("n mod 4", "3"),
        ("big + 1", "9223372036854775808"),
        ("big * big", "85070591730234615847396907784232501249"),
        ("-big - 2", "-9223372036854775809"),
        ("0x10 + 010", "24"),
        ("5L + 2H", "7"),
        ("true + true", "2"),
        ("-true", "false"),
    ]);
    fails(&[
        ("big * big * big", "more digits than can be held exactly"),
        ("n / 0", "compile: this divides by zero"),
        ("n % (zero + 0)", "division by zero"),
        ("n / zero", "division by zero"),
    ]);
}

#[test]
fn decimals_are_exact_and_quotients_have_34_digits() {
    gives(&[
        ("0.1 + 0.2", "0.3"),
        ("d * 3", "7.50"),
        ("10.99 - 0.99", "10.00"),
        ("1.0 / 3", "0.3333333333333333333333333333333333"),
        ("2.0 / 3", "0.6666666666666666666666666666666667"),
        ("7.0 / 2", "3.5"),
        ("1e2 / 3", "33.33333333333333333333333333333333"),
        ("d / 2.5", "1"),
        ("7.5 % 2", "1.5"),
        ("-d", "-2.50"),
        ("1.0 / 3 + 12345", "12345.33333333333333333333333333333"),
        ("1.0 / 3 * 3", "0.9999999999999999999999999999999999"),
        ("1e-30 * 1e-30", "0.000000000000000000000000000000000000000000000000000000000001"),
        ("99999999999999999.99 + 0.01", "100000000000000000.00"),
    ]);
}

#[test]
fn texts_that_hold_numbers_calculate_and_plus_joins() {
    gives(&[
        ("two * 3", "6"),
        ("'6' / two", "3"),
        ("'6.0' / 4", "1.5"),
        ("'+5' - 1", "4"),
        ("two + 3", r#""23""#),
        ("1 + two + 3", r#""123""#),
        ("1 + 2 + 'x'", r#""3x""#),
        ("s + true", r#""abctrue""#),
        ("-two", "-2"),
    ]);
    fails(&[
        ("s * 2", "* needs numbers, but found a text that holds no number"),
        ("empty(s) ? 1 : s - 1", "- needs numbers, but found a text that holds no number"),
        ("${empty} * 2", "* needs numbers, but found an empty text"),
        ("list * 2", "* needs numbers, but found an array"),
        ("s + list", "+ cannot join an array to a text"),
    ]);
}

#[test]
fn null_fails_where_a_number_is_needed_and_is_false_in_conditions() {
    fails(&[
        ("nothing + 1", "+ needs numbers, but found null"),
        ("absent * 2", "* needs numbers, but found null"),
        ("s + nothing", "+ cannot join null to a text"),
        ("-absent", "- needs numbers, but found null"),
        ("absent & 1", "& needs whole numbers of 64 bits, but found null"),
    ]);
    gives(&[
        ("nothing == null", "true"),
        ("absent == null", "true"),
        ("absent != 'x'", "true"),
        ("absent == false", "false"),
        ("absent < 1", "false"),
        ("absent >= 1", "false"),
        ("absent <= nothing", "true"),
        ("absent < nothing", "false"),
        ("!absent", "true"),
        ("absent && yes", "false"),
        ("yes and absent", "false"),
        ("absent or yes", "true"),
        ("absent ? 1 : 2", "2"),
        ("iif(absent, 1, 2)", "2"),
        ("absent ?: 'x'", r#""x""#),
        ("${empty} ?: 'x'", r#""x""#),
        ("zero ?: 'x'", r#""x""#),
        ("s ?: 'x'", r#""abc""#),
        ("absent ?? nothing ?? 3", "3"),
        ("${empty} ?? 3", r#""""#),
        ("absent.deeper[0].still", "null"),
        ("absent.equals('a')", "false"),
        ("absent.equalsIgnoreCase('a')", "false"),
        ("absent.startsWith('a') ? 1 : 2", "2"),
        ("absent.get('a')", "null"),
        ("absent?.name", "null"),
    ]);
}

#[test]
fn comparison_coerces_as_in_jexl() {
    gives(&[
        ("1 == 1.0", "true"),
        ("'1' == 1", "true"),
        ("'1' == '1.0'", "false"),
        ("'abc' == 1", "false"),
        ("s == 'abc'", "true"),
        ("s eq 'ABC'", "false"),
        ("yes == 'yes'", "true"),
        ("yes == 1", "true"),
        ("no == ''", "true"),
        ("no == 'false'", "true"),
        ("yes == list", "true"),
        ("list == [1, 2.0, '3']", "true"),
        ("list == [3, 2, 1]", "false"),
        ("map == {'l' : null, 'k' : 'v'}", "true"),
        ("map == {'k' : 'v'}", "false"),
        ("1e400 == 10e399", "true"),
        ("1e400 > 1e399", "true"),
        ("two < 10", "true"),
        ("'10' < '9'", "true"),
        ("'b' gt 'a'", "true"),
        ("3 le 3 and 4 ge 3 and not (3 lt 3)", "true"),
        ("no < yes", "true"),
        ("zero ? 1 : 2", "2"),
        ("'false' ? 1 : 2", "2"),
        ("'0' ? 1 : 2", "1"),
        ("[] ? 1 : 2", "1"),
    ]);
    fails(&[
        ("1 < s", "cannot tell whether a number or a string is greater"),
        ("list < map", "cannot tell whether an array or an object is greater"),
    ]);
}

#[test]
fn among_and_affixes() {
    gives(&[
        ("n =~ [1, 7]", "true"),
        ("n !~ [1, 7]", "false"),
        ("'k' =~ map", "true"),
        ("'v' =~ map", "false"),
        ("{'k' : 1} =~ map", "true"),
        ("{'k' : 1, 'x' : 1} =~ map", "false"),
        ("[3, 1] =~ list", "true"),
        ("[3, 4] =~ list", "false"),
        ("2 =~ (1..3)", "true"),
        ("nothing =~ list", "false"),
        ("n =~ 7", "true"),
        ("s =^ 'ab'", "true"),
        ("s !^ 'ab'", "false"),
        ("s =$ 'bc'", "true"),
        ("s !$ 'x'", "true"),
        ("absent =^ 'a'", "false"),
        ("absent =^ nothing", "true"),
        ("12 =^ '1'", "false"),
        ("12 =^ '12'", "true"),
    ]);
}

#[test]
fn patterns_match_from_end_to_end() {
    gives(&[
        ("s =~ '[a-c]+'", "true"),
        ("s =~ 'b'", "false"),
        ("s !~ 'b'", "true"),
        ("s =~ '.*b.*'", "true"),
        ("n =~ '\\d'", "true"),
        ("s =~ s", "true"),
        ("filterArray(['a1', 'b', 'c3'], x -> x =~ '\\w\\d')", r#"["a1","c3"]"#),
        ("filterArray(['abc', 'b'], x -> s =~ x + '.*')", r#"["abc"]"#),
        ("absent =~ '.*'", "false"),
        ("s =~ absent", "false"),
    ]);
    fails(&[
        ("s =~ '[a-'", "compile: "),
        ("s =~ '[' + 'a'", "the pattern is not a regular expression of Java"),
        ("list =~ 'a'", "the left side of =~ must be text, but is an array"),
    ]);
    assert_eq!(problems("s =~ '(a' && n")[0].1, "'(a'");
}

#[test]
fn bits_ranges_sizes_and_emptiness() {
    gives(&[
        ("6 & 3", "2"),
        ("6 | 3", "7"),
        ("6 ^ 3", "5"),
        ("~5", "-6"),
        ("two | 1", "3"),
        ("true & 1", "1"),
        ("1..4", "[1,2,3,4]"),
        ("3..1", "[3,2,1]"),
        ("two..4", "[2,3,4]"),
        ("size(list) + size s + size map + size absent", "8"),
        ("size 'né😀'", "4"),
        ("empty zero", "true"),
        ("empty ''", "true"),
        ("empty absent", "true"),
        ("empty list", "false"),
        ("empty {:}", "true"),
        ("not empty s", "true"),
        ("empty false", "false"),
    ]);
    fails(&[
        ("d & 1", "& needs whole numbers of 64 bits, but found a number that is not"),
        ("~big + ~(big + 1)", "~ needs whole numbers of 64 bits"),
        ("size n", "a number has no size"),
        ("1..d", "the end of a range must be a whole number"),
        ("1..100000", "a range may hold at most 10000 numbers"),
    ]);
}

#[test]
fn literals_members_and_methods() {
    gives(&[
        ("[1, 'a', [null]]", r#"[1,"a",[null]]"#),
        ("{'a' : 1, s : [2], 3 : {:}}", r#"{"a":1,"abc":[2],"3":{}}"#),
        ("{'a' : 1}.a", "1"),
        ("[10, 20][n - 6]", "20"),
        ("map['k']", r#""v""#),
        ("map[s]", "null"),
        ("people[1].name", r#""Bob""#),
        ("people[-1]", "null"),
        ("people[*].name", r#"["Ada","Bob"]"#),
        ("${lower}", r#""odd name""#),
        ("s.equals('abc')", "true"),
        ("s.equalsIgnoreCase('ABC')", "true"),
        ("s.toUpperCase().length() + n", "10"),
        ("list.size()", "3"),
        ("list.contains(2)", "true"),
        ("s.contains('bc')", "true"),
        ("map.containsKey('l')", "true"),
        ("map.get('k')", r#""v""#),
        ("list.get(1)", "2"),
        ("map.getOrDefault('x', 1)", "1"),
        ("s.indexOf('c') + s.indexOf('x')", "1"),
        ("s.charAt(1)", r#""b""#),
        ("s.substring(1)", r#""bc""#),
        ("s.substring(1, 2)", r#""b""#),
        ("${empty}.isEmpty()", "true"),
        ("n.toString() + 1", r#""71""#),
        ("'a ## no comment' ## a comment", r#""a ## no comment""#),
    ]);
    fails(&[
        ("s.substring(9)", "beyond the end"),
        ("n.getBytes()", "compile: there is no function getBytes"),
        ("n.iif(1, 2)", "compile: iif is not a method"),
        ("s.nullify()", "compile: nullify takes no value before the dot; write nullify()"),
    ]);
}

#[test]
fn lambdas_see_their_parameters_and_the_record() {
    gives(&[
        ("filterArray([5, -6, 0, 7], x -> x > 0)", "[5,7]"),
        ("filterArray(people, p -> p.age >= 18)", r#"[{"name":"Ada","age":36}]"#),
        ("transformArray(people, p -> p.name + n)", r#"["Ada7","Bob7"]"#),
        ("transformArray(deep, row -> transformArray(row, x -> x * size(row)))", "[[2,4],[3]]"),
        ("transformArray(1..3, n -> n * 10)", "[10,20,30]"),
        ("transformArray(absent, x -> x)", "null"),
        ("transformArray(list, x -> transformArray(1..x, y -> x - y))", "[[0],[1,0],[2,1,0]]"),
    ]);
    fails(&[
        ("transformArray(s, x -> x)", "expected an array, but found a string"),
        ("transformArray(list, (x, y) -> x)", "compile: the lambda of transformArray has one parameter"),
        (
            "filterArray(list, 3)",
            "compile: the second argument of filterArray must be a lambda such as x -> x",
        ),
        ("x -> x", "compile: a lambda can only be the second argument"),
        ("transformArray(people, p -> p[*].name)", "compile: p[*].name: [*] and the like do not follow"),
    ]);
}

/// Every problem of an expression as `message` with the part that it marks.
fn problems(text: &str) -> Vec<(String, &str)> {
    let part = |span: dataprep::expr::Span| &text[span.start as usize..span.end as usize];
    Expression::check(text, CompileOptions::default())
        .into_iter()
        .map(|error| (error.message, error.span.map(part).unwrap_or_default()))
        .collect()
}

#[test]
fn everything_wrong_is_told_with_its_place() {
    let told = problems("concatt(a, b) + lower() + left('x', 'y') + -'z'");
    let told: Vec<(&str, &str)> = told.iter().map(|(message, part)| (message.as_str(), *part)).collect();
    assert_eq!(
        told,
        [
            ("there is no function concatt; did you mean concat?", "concatt(a, b)"),
            ("lower takes 1 argument, but 0 are given", "lower()"),
            ("the second argument of left must be a whole number, but is the text \"y\"", "'y'"),
            ("- needs a number, but is before the text \"z\"", "'z'"),
        ]
    );
    for (text, message, part) in [
        ("n * [1]", "* needs numbers, but has an array", "[1]"),
        ("'abc' - 1", "- needs numbers, but has the text \"abc\"", "'abc'"),
        ("n + null", "+ needs numbers or texts, but has null", "null"),
        ("{'a' : 1} + 'x'", "+ needs numbers or texts, but has an object", "{'a' : 1}"),
        ("1.5 | n", "| needs whole numbers, but has the number 1.5", "1.5"),
        ("[1] < 2", "< needs numbers, texts or dates, but has an array", "[1]"),
        ("get_keys([1])", "the first argument of get_keys must be an object, but is an array", "[1]"),
        (
            "get_keys(get_keys(map))",
            "the first argument of get_keys must be an object, but is what get_keys gives, an array",
            "get_keys(map)",
        ),
        ("'a'..3", "the start of a range must be a whole number, but is the text \"a\"", "'a'"),
        (
            "filterArray('a', x -> x)",
            "the first argument of filterArray must be an array, but is the text \"a\"",
            "'a'",
        ),
        ("n / (0)", "this divides by zero", "(0)"),
        ("{[1] : 2}", "a map's key must be text, but is an array", "[1]"),
        ("a +", "expected a value but found end of expression", ""),
        (
            "to_object('a', 1, 'b')",
            "to_object takes a value after each key, but 3 arguments are given",
            "to_object('a', 1, 'b')",
        ),
    ] {
        assert_eq!(problems(text), [(message.to_owned(), part)], "{text}");
    }
}

#[test]
fn a_failure_points_at_the_part_that_failed() {
    let failure = |text: &str| {
        let expression = Expression::compile(text, CompileOptions::default()).unwrap();
        let error = expression.eval(RECORD, &mut Clock::default()).unwrap_err();
        assert!(matches!(error, EvalError::Failed(_)));
        error.caret(text)
    };
    assert_eq!(failure("1 + (n * s)"), "1 + (n * s)\n    ^^^^^^^");
    assert_eq!(failure("concat('a',\n  lower(list))"), "  lower(list))\n  ^^^^^^^^^^^");
    assert_eq!(
        failure("transformArray(list, x -> x / (x - 2))"),
        "transformArray(list, x -> x / (x - 2))\n                          ^^^^^^^^^^^"
    );
    assert_eq!(failure("size(n) + 1"), "size(n) + 1\n^^^^^^^");
    assert_eq!(failure("s < 1 ? 1 : 2"), "s < 1 ? 1 : 2\n^^^^^");
}

/// That a test ends is part of it: without bounds these would run for years.
#[test]
fn nothing_runs_or_grows_without_end() {
    let nested = |depth: usize, innermost: &str| {
        (0..depth)
            .fold(innermost.to_owned(), |body, level| format!("transformArray(1..9999, x{level} -> {body})"))
    };
    let text = "t".repeat(3000);
    for expression in [
        nested(3, "1"),
        nested(2, "1 + x0 * x1 - x0 / x1"),
        nested(2, "1..9999"),
        nested(2, &format!("'{text}'")),
        nested(4, "x0 == x3"),
        // Doubling.
        (0..40).fold("[big]".to_owned(), |list, _| format!("transformArray({list}, x -> x + 'x' + x)")),
        (0..30).fold("1..999".to_owned(), |list, _| format!("transformArray({list}, x -> [x, x])")),
        // Reading much again and again.
        nested(2, "size(people)"),
        "filterArray(1..9999, a -> 'aaaaaaaaaaaaaaaaaaaaaaaaa' =~ '(a*)(a*)(a*)(a*)(a*)\\\\1b')".to_owned(),
        "filterArray(1..9999, a -> (1..9999) =~ (1..9999))".to_owned(),
    ] {
        let result = run(&expression);
        let message = result.map(|_| ()).expect_err(&expression[..60.min(expression.len())]);
        assert!(message.contains("make or repeat too much"), "{message}");
    }
}

#[test]
fn long_records_are_not_read_again_for_each_element() {
    let long = format!(r#"{{"list":[{}1],"text":"{}"}}"#, "1,".repeat(60_000), "x".repeat(400_000));
    for text in [
        "filterArray(list, x -> text =$ 'y')",
        "transformArray(list, x -> list[x + 8])",
        "filterArray(list, x -> x =~ list)",
    ] {
        let expression = Expression::compile(text, CompileOptions::default()).unwrap();
        let error = expression.eval(&long, &mut Clock::default()).map(|_| ()).expect_err(text);
        assert!(error.to_string().contains("make or repeat too much"), "{text}: {error}");
    }
    // Each element once is no burden.
    let expression = Expression::compile("size(transformArray(list, x -> x + 1))", CompileOptions::default());
    assert_eq!(expression.unwrap().eval(&long, &mut Clock::default()).unwrap().json, "60001");
}
