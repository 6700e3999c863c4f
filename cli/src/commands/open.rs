//! `wbq open [RUN]`: the web app in the browser, signed in.
//!
//! The server gives a ticket that signs one browser in, once, within a minute. It stands behind the `#` of the
//! address, which browsers do not send, so no log has it.

use std::process::{Command, Stdio};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Context, show};
use crate::failure::{Failure, Result};
use crate::output;
use crate::place::Place;

pub(crate) fn run(context: &Context<'_>, run: Option<&str>, only_print: bool) -> Result<()> {
    let client = match Place::find(context.global, &context.environment)? {
        Place::Server(client) => client,
        Place::Folder(_) => {
            return Err(Failure::refused("no server holds this folder, so there is no page to open")
                .next_command("wbq serve", "starts one"));
        }
    };
    let page = match run {
        Some(run) => page_of(&show::fetch(context, context.global, run)?),
        None => "/".to_owned(),
    };
    let url = format!("{}/login#ticket={}&to={}", client.url(), client.ticket()?, encoded(&page));
    if only_print || !opens(&url) {
        context.messages.note("this address signs one browser in, within a minute");
        return output::print(&format!("{url}\n"));
    }
    Ok(())
}

fn page_of(run: &engine::Value) -> String {
    let part = |column| encoded(run.get(column).and_then(engine::Value::as_str).unwrap_or_default());
    format!("/{}/{}/runs/{}", part("entity"), part("project"), part("run_id"))
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Whether the browser took the address.
fn opens(url: &str) -> bool {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    let quiet = || Stdio::null();
    let status = Command::new(opener).arg(url).stdin(quiet()).stdout(quiet()).stderr(quiet()).status();
    status.is_ok_and(|status| status.success())
}
