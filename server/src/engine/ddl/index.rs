//! Edits the text of an index, and of a constraint that one keeps, as PostgreSQL writes them in its catalogue. What is not
//! named here stays as it was, character for character: columns, operator classes, `INCLUDE`, `NULLS NOT DISTINCT`, options.

use super::token::{Kind, Token, tokens};

/// The text of a `CREATE UNIQUE INDEX` with another name (quoted), `word` behind `INDEX`, and another column (quoted) before
/// its own. `None` when it is not such a text.
pub fn unique_index(sql: &str, word: &str, name: &str, first: Option<&str>) -> Option<String> {
    let all = tokens(sql);
    let unique = all.get(1).is_some_and(|token| token.is("UNIQUE"));
    let on = all.iter().position(|token| token.is("ON"))?;
    // what lies in partitions is said to be on its parent alone
    let only = all.get(on + 1).is_some_and(|token| token.is("ONLY"));
    let table = all.get(on + 1 + usize::from(only))?;
    let open = list(&all)?;
    unique.then(|| {
        format!(
            "CREATE UNIQUE INDEX{word} {name} ON {}{}{}",
            &sql[table.start..open],
            put(first),
            &sql[open..]
        )
    })
}

/// The text of a `CREATE INDEX` on another table (quoted).
pub fn on_table(sql: &str, table: &str) -> Option<String> {
    let all = tokens(sql);
    let on = all.iter().position(|token| token.is("ON"))?;
    let using = (all[on..].iter()).find(|token| token.is("USING"))?;
    Some(format!(
        "{} {table} {}",
        &sql[..all[on].end()],
        &sql[using.start..]
    ))
}

/// The text of a `CREATE INDEX` with other options (as they stand in the parentheses; empty for none), or in another
/// tablespace (quoted). Where there is no other one, that of the text stays.
pub fn stored(sql: &str, options: Option<&str>, tablespace: Option<&str>) -> String {
    let condition = super::condition(sql);
    let all = sql[..sql.len() - condition.len()].trim_end();
    let (head, with, place) = storage(all);
    let with = match options {
        None => with.to_owned(),
        Some("") => String::new(),
        Some(options) => format!(" WITH ({options})"),
    };
    let place = match tablespace {
        None => place.to_owned(),
        Some(tablespace) => format!(" TABLESPACE {tablespace}"),
    };
    format!("{head}{with}{place}{condition}")
}

/// The definition of a `UNIQUE` constraint with another column (quoted) before its own.
pub fn unique_definition(definition: &str, first: &str) -> Option<String> {
    let open = list(&tokens(definition))?;
    let (before, after) = definition.split_at(open);
    Some(format!("{before}{}{after}", put(Some(first))))
}

/// The definition of a constraint with the options that its index has, which the catalogue writes with the index alone.
pub fn with_options(definition: &str, index: &str) -> String {
    let condition = super::condition(index);
    let (_, with, tablespace) = storage(index[..index.len() - condition.len()].trim_end());
    let using = match tablespace {
        "" => String::new(),
        tablespace => format!(" USING INDEX{tablespace}"),
    };
    let late = deferral(definition);
    let head = definition[..definition.len() - late.len()].trim_end();
    format!("{head}{with}{using}{late}")
}

/// The text of a `CREATE INDEX` in three: as far as its lists go, its options and its tablespace. The latter two with the
/// space before them; empty for none.
fn storage(sql: &str) -> (&str, &str, &str) {
    let mut depth = 0_usize;
    let mut listed = false;
    let (mut with, mut tablespace) = (sql.len(), sql.len());
    for token in tokens(sql) {
        match (token.kind, token.text) {
            (Kind::Symbol, "(") => (depth, listed) = (depth + 1, true),
            (Kind::Symbol, ")") => depth = depth.saturating_sub(1),
            // a column may have that name
            _ if depth > 0 || !listed => {}
            _ if token.is("WITH") => with = token.start - 1,
            _ if token.is("TABLESPACE") => tablespace = token.start - 1,
            _ => {}
        }
    }
    let with = with.min(tablespace);
    (&sql[..with], &sql[with..tablespace], &sql[tablespace..])
}

/// When a constraint is checked (` DEFERRABLE INITIALLY DEFERRED`), with a space before it; empty when at once.
pub fn deferral(definition: &str) -> &str {
    (tokens(definition).iter())
        .find(|token| token.is("DEFERRABLE"))
        .map_or("", |token| &definition[token.start.saturating_sub(1)..])
}

/// The text of a `CREATE INDEX` in a tablespace (quoted), which the catalogue does not write.
pub fn in_tablespace(sql: &str, tablespace: &str) -> String {
    let condition = super::condition(sql);
    let head = sql[..sql.len() - condition.len()].trim_end();
    format!("{head} TABLESPACE {tablespace}{condition}")
}

/// Where the first list of a text begins, behind its parenthesis.
fn list(tokens: &[Token<'_>]) -> Option<usize> {
    let symbol = |token: &&Token<'_>| token.kind == Kind::Symbol && token.text == "(";
    tokens.iter().find(symbol).map(Token::end)
}

fn put(first: Option<&str>) -> String {
    first.map_or_else(String::new, |first| format!("{first}, "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const INDEX: &str = "CREATE UNIQUE INDEX \"on (x)\" ON ONLY public.\"case (1)\" USING btree \
         (code text_pattern_ops DESC) INCLUDE (name) NULLS NOT DISTINCT WITH (fillfactor='70')";

    #[test]
    fn an_index_gets_another_name_and_a_column_and_nothing_else() {
        assert_eq!(
            unique_index(INDEX, " CONCURRENTLY", "\"new\"", Some("\"office\"")).unwrap(),
            "CREATE UNIQUE INDEX CONCURRENTLY \"new\" ON public.\"case (1)\" USING btree \
             (\"office\", code text_pattern_ops DESC) INCLUDE (name) NULLS NOT DISTINCT \
             WITH (fillfactor='70')"
        );
        let partial = "CREATE UNIQUE INDEX a ON b USING btree (c) WHERE (d > 0)";
        assert_eq!(
            in_tablespace(&unique_index(partial, "", "a", None).unwrap(), "fast"),
            "CREATE UNIQUE INDEX a ON b USING btree (c) TABLESPACE fast WHERE (d > 0)"
        );
        assert_eq!(unique_index("CREATE INDEX a ON b (c)", "", "a", None), None);
    }

    #[test]
    fn an_index_of_a_partition_is_that_of_the_whole_with_its_own_storage() {
        let part = on_table(INDEX, "later.\"visit 2\"").unwrap();
        assert_eq!(
            stored(&part, Some("fillfactor = '55'"), Some("fast")),
            "CREATE UNIQUE INDEX \"on (x)\" ON later.\"visit 2\" USING btree \
             (code text_pattern_ops DESC) INCLUDE (name) NULLS NOT DISTINCT \
             WITH (fillfactor = '55') TABLESPACE fast"
        );
        assert_eq!(stored(INDEX, None, None), INDEX);
        let partial =
            "CREATE UNIQUE INDEX a ON b USING btree (tablespace) TABLESPACE slow WHERE (d > 0)";
        assert_eq!(
            stored(partial, Some(""), None),
            partial,
            "a column of that name is no tablespace"
        );
        assert_eq!(
            stored(partial, None, Some("fast")),
            partial.replace("slow", "fast")
        );
        assert_eq!(
            with_options("UNIQUE (tablespace)", partial),
            "UNIQUE (tablespace) USING INDEX TABLESPACE slow"
        );
    }

    #[test]
    fn a_constraint_keeps_when_it_is_checked_and_the_options_of_its_index() {
        let definition = "UNIQUE NULLS NOT DISTINCT (code) INCLUDE (name) DEFERRABLE";
        assert_eq!(deferral(definition), " DEFERRABLE");
        assert_eq!(deferral("UNIQUE (\"DEFERRABLE\")"), "");
        assert_eq!(
            unique_definition(definition, "office").unwrap(),
            "UNIQUE NULLS NOT DISTINCT (office, code) INCLUDE (name) DEFERRABLE"
        );
        assert_eq!(
            with_options(definition, &in_tablespace(INDEX, "fast")),
            "UNIQUE NULLS NOT DISTINCT (code) INCLUDE (name) WITH (fillfactor='70') \
             USING INDEX TABLESPACE fast DEFERRABLE"
        );
        assert_eq!(
            with_options("UNIQUE (a)", "CREATE UNIQUE INDEX x ON y (a)"),
            "UNIQUE (a)"
        );
    }
}
