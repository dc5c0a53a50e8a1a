//! The reference page of all settings, made from their table.

use super::table::{Scope, TABLE, twin};
use std::fmt::Write;

/// What the page says before the table.
const BEFORE: &str = "\
<!-- Made by `yemae config --page` from services/yemae/src/settings/table.rs; not to be edited. -->
# Settings

Flags are told by `--help`; everything else comes from the environment. There is no file of settings.

- `YEMAE_<SETTING>` is for every context that a process runs, `YEMAE_<CONTEXT>__<SETTING>` for one of them, and that one
  wins: `YEMAE_CINEMA_BOOKING__DATABASE_URL`. An empty variable is as good as none.
- A secret may be in a file: `…_FILE` names it. Both at once is an error.
- A name that begins with `YEMAE_` and that nobody knows is an error that says the nearest known one.
- `yemae config` shows what is in effect and where each value comes from, secrets as `***`.

Whatever is wrong with a setting ends a command with exit code 2 and a sentence that names the setting.

";

/// The page.
pub(crate) fn page() -> String {
    let mut page = BEFORE.to_owned();
    for setting in TABLE {
        let variable = setting.variable();
        let _ = writeln!(page, "## `{variable}`\n\n{}\n", setting.about);
        let default = setting
            .default
            .map_or_else(|| "none".to_owned(), |default| format!("`{default}`"));
        let _ = writeln!(page, "- default: {default}\n- read by: {}", setting.read_by);
        match setting.scope {
            Scope::Context => {
                let own = setting.variable_of("<context>").unwrap_or_default();
                let _ = writeln!(page, "- for one context: `{own}`");
            }
            Scope::Process => {
                let own = setting.variable_of("<context>").unwrap_or_default();
                let _ = writeln!(
                    page,
                    "- for one context: `{own}`; of several in one process the first named decides"
                );
            }
            Scope::Mesh | Scope::Gateway | Scope::World => {}
        }
        if setting.is_secret {
            let twin = twin(&variable);
            let _ = writeln!(page, "- secret: `{twin}` names a file that holds it");
        }
        page.push('\n');
    }
    page.truncate(page.trim_end().len());
    page.push('\n');
    page
}
