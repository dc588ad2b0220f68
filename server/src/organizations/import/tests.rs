//! What an import promises for good files and bad ones.

use super::*;

const HEAD: &str = "code,name,kind,contact_name,contact_email\n";

fn known(code: &str, name: &str) -> Known {
    Known {
        code: code.into(),
        name: name.into(),
        kind: "ministry".into(),
        contact_name: String::new(),
        contact_email: String::new(),
    }
}

fn of(text: &str) -> ImportResult {
    preview(
        text.as_bytes(),
        &[known("OOBC", "Office for Other Bangsamoro Communities")],
        &["ministry".into(), "office".into()],
    )
}

#[test]
fn each_row_says_what_happens_to_it() {
    let result = of(&format!(
        "\u{feff}{HEAD}MOH,Ministry of Health,ministry,Safia Amir,safia@moh.example\r\noobc,,,,\nOOBC2,\"Office, second\",office,,\n"
    ));
    assert_eq!(result.problems, []);
    let outcomes: Vec<_> = result
        .rows
        .iter()
        .map(|row| (row.line, row.outcome))
        .collect();
    assert_eq!(
        outcomes,
        [
            (2, ImportOutcome::New),
            (3, ImportOutcome::ToFix),
            (4, ImportOutcome::New)
        ]
    );
    assert_eq!(result.rows[1].problems[0].field, "row 3, name");
    assert_eq!((result.new, result.to_fix), (2, 1));
}

#[test]
fn an_organization_that_exists_is_found_whatever_its_case() {
    let result = of(&format!(
        "{HEAD}oobc,Office for Other Bangsamoro Communities,,,\n"
    ));
    assert_eq!(result.rows[0].outcome, ImportOutcome::Same);
    assert_eq!(result.rows[0].code, "OOBC");
    let result = of(&format!("{HEAD}oobc,Another name,,,\n"));
    assert_eq!(result.rows[0].outcome, ImportOutcome::Changed);
}

#[test]
fn a_code_used_twice_in_the_file_names_the_first_line_and_a_free_code() {
    let result = of(&format!("{HEAD}MOH,Health,,,\nmoh,Health again,,,\n"));
    assert_eq!(result.rows[0].outcome, ImportOutcome::New);
    assert_eq!(result.rows[1].outcome, ImportOutcome::ToFix);
    assert!(result.rows[1].problems[0].message.contains("Line 2"));
    assert_eq!(result.rows[1].suggestion.as_deref(), Some("MOH-2"));
}

#[test]
fn bad_fields_are_named_with_a_value_that_would_be_right() {
    let result = of(&format!(
        "{HEAD}m o h,Health,,,\nMBHTE,=cmd|' /C calc'!A0,,,\nMAFAR,Agriculture,,,\"a b(at)mafar,example.ph\"\n"
    ));
    let right: Vec<_> = result
        .rows
        .iter()
        .map(|row| row.suggestion.as_deref())
        .collect();
    assert_eq!(
        right,
        [
            Some("M-O-H"),
            Some("cmd|' /C calc'!A0"),
            Some("ab@mafar.example.ph")
        ]
    );
    assert_eq!(result.to_fix, 3);
    assert!(result.rows[1].problems[0].message.contains("formula"));
}

#[test]
fn a_byte_that_is_not_utf8_is_named_with_its_line() {
    let mut file = format!("{HEAD}MOH,Health,,,\nMENRE,Espa").into_bytes();
    file.extend(b"\xf1a,,,\n");
    let result = preview(&file, &[], &[]);
    assert!(
        result.problems[0].message.contains("Line 3"),
        "{:?}",
        result.problems
    );
    assert!(result.rows.is_empty());
}

#[test]
fn files_that_are_not_csv_say_what_they_are() {
    for (file, word) in [
        (&b""[..], "empty"),
        (b"PK\x03\x04", "spreadsheet"),
        (b"\xff\xfec\0o\0", "UTF-16"),
        (b"code,name\nA\0,b\n", "zero byte"),
        (b"kod,name\nA,b\n", "unknown column"),
        (b"name\nb\n", "no column code"),
        (b"code,code,name\nA,b,c\n", "twice"),
        (b"code,name\nAB,b,c\n", "3 cells"),
        (b"code,name\n", "no rows"),
    ] {
        let result = preview(file, &[], &[]);
        assert!(
            result
                .problems
                .iter()
                .any(|problem| problem.message.contains(word)),
            "{word}: {:?}",
            result.problems
        );
    }
}

#[test]
fn semicolons_are_read_too() {
    let result = of("code;name\nMOH;Ministry of Health\n");
    assert_eq!(result.rows[0].outcome, ImportOutcome::New);
}

#[test]
fn ten_thousand_rows_are_read_and_one_more_is_refused() {
    let mut file = String::from(HEAD);
    for number in 0..MOST_ROWS {
        file.push_str(&format!("C{number},Office {number},office,,\n"));
    }
    let result = of(&file);
    assert_eq!(result.new as usize, MOST_ROWS);
    file.push_str("LAST,Office,office,,\n");
    assert!(of(&file).problems[0].message.contains("10000 rows"));
}

#[test]
fn the_hash_covers_the_file_and_what_exists() {
    let file = format!("{HEAD}MOH,Health,,,\n");
    let before = of(&file).seen;
    assert_eq!(before, of(&file).seen);
    assert_ne!(before, of(&format!("{file}MENRE,Environment,,,\n")).seen);
    assert_ne!(
        before,
        preview(file.as_bytes(), &[known("OOBC", "Renamed")], &[]).seen
    );
}

#[test]
fn an_unknown_kind_is_refused_with_its_row_and_the_kinds_there_are() {
    let result = of(&format!(
        "{HEAD}MOH,Health,Ministry,,\nMBHTE,Education,bureau,,\nMAFAR,Farming,,,\nMFBM,Finance,office,,\n"
    ));
    assert_eq!((result.to_fix, result.new), (2, 2));
    assert_eq!(result.rows[0].suggestion.as_deref(), Some("ministry"));
    let wrong = &result.rows[1].problems[0];
    assert_eq!(wrong.field, "row 3, kind");
    assert!(
        wrong.message.contains("bureau") && wrong.message.contains("ministry, office"),
        "{wrong:?}"
    );
}

#[test]
fn an_organization_keeps_the_kind_it_has_though_it_is_not_listed() {
    let mut before = known("OOBC", "Office for Other Bangsamoro Communities");
    before.kind = "moa".into();
    let text = format!("{HEAD}OOBC,Office for Other Bangsamoro Communities,moa,,\n");
    let result = preview(text.as_bytes(), &[before], &["ministry".into()]);
    assert_eq!((result.same, result.to_fix), (1, 0), "{result:?}");
}
