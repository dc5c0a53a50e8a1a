//! `yemae dead-letters`: events that a context could not act on.

use crate::cli::{DeadLetters, Reach, Which};
use crate::fault::Fault;
use crate::{out, rpc, runtime};
use mesh::client::Client;
use proto::operator::v1::operator_service_client::OperatorServiceClient;
use proto::operator::v1::{
    DeadLetter, DiscardDeadLetterRequest, GetDeadLetterRequest, GetDeadLetterResponse,
    GetStatusRequest, ListDeadLettersRequest, RedriveDeadLetterRequest,
};
use serde_json::{Value, json};
use tonic::{Code, Status};

type Operator = OperatorServiceClient<Client>;

/// Runs the command.
pub(crate) fn run(command: &DeadLetters) -> Result<(), Fault> {
    runtime()?.block_on(async {
        match command {
            DeadLetters::List {
                context,
                json,
                reach,
            } => list(&mut operator(reach).await?, context.as_deref(), *json).await,
            DeadLetters::Show {
                context,
                id,
                json,
                reach,
            } => show(&mut operator(reach).await?, context, id, *json).await,
            DeadLetters::Redrive(which) => redrive(&mut operator(&which.reach).await?, which).await,
            DeadLetters::Discard(which) => discard(&mut operator(&which.reach).await?, which).await,
        }
    })
}

async fn operator(reach: &Reach) -> Result<Operator, Fault> {
    let mesh = rpc::reach(reach).await?.acting_as("operator", &["admin"])?;
    Ok(Operator::new(mesh.channel()))
}

async fn list(operator: &mut Operator, context: Option<&str>, as_json: bool) -> Result<(), Fault> {
    let contexts = match context {
        Some(context) => vec![context.to_owned()],
        None => contexts(operator).await?,
    };
    let mut all = Vec::new();
    for context in contexts {
        all.extend(of(operator, context).await?);
    }
    if as_json {
        let all: Vec<_> = all.iter().map(to_json).collect();
        return print(&Value::Array(all));
    }
    if all.is_empty() {
        out::line("There are no dead letters.");
    }
    for letter in &all {
        out::line(format_args!(
            "{} {}\n    {} version {} of {}, tried {} times, put aside {}\n    {}",
            letter.context,
            letter.dead_letter_id,
            or_unknown(&letter.name),
            letter.version,
            letter.subject,
            letter.tries,
            when(letter),
            letter.reason
        ));
    }
    Ok(())
}

async fn contexts(operator: &mut Operator) -> Result<Vec<String>, Fault> {
    let status = operator.get_status(GetStatusRequest {}).await;
    let status = status.map_err(|why| rpc::fault(&why))?.into_inner();
    Ok(status.contexts.into_iter().map(|own| own.context).collect())
}

/// All of a context's, page by page.
async fn of(operator: &mut Operator, context: String) -> Result<Vec<DeadLetter>, Fault> {
    let mut all = Vec::new();
    let mut request = ListDeadLettersRequest {
        context,
        page_size: 200,
        page_token: String::new(),
    };
    loop {
        let page = operator.list_dead_letters(request.clone()).await;
        let page = page.map_err(|why| rpc::fault(&why))?.into_inner();
        all.extend(page.dead_letters);
        if page.next_page_token.is_empty() {
            return Ok(all);
        }
        request.page_token = page.next_page_token;
    }
}

async fn show(
    operator: &mut Operator,
    context: &str,
    id: &str,
    as_json: bool,
) -> Result<(), Fault> {
    let request = GetDeadLetterRequest {
        context: context.to_owned(),
        dead_letter_id: id.to_owned(),
    };
    let found = operator.get_dead_letter(request).await;
    let GetDeadLetterResponse {
        dead_letter,
        size,
        content,
    } = found.map_err(|why| rpc::fault(&why))?.into_inner();
    let letter = dead_letter.unwrap_or_default();
    if as_json {
        let mut all = to_json(&letter);
        all["size"] = json!(size);
        all["content"] = serde_json::from_str(&content).unwrap_or(Value::Null);
        return print(&all);
    }
    let about = [
        ("context", letter.context.clone()),
        ("id", letter.dead_letter_id.clone()),
        ("subject", letter.subject.clone()),
        ("event", or_unknown(&letter.name).to_owned()),
        ("version", letter.version.to_string()),
        ("reason", letter.reason.clone()),
        ("tries", letter.tries.to_string()),
        ("put aside", when(&letter)),
        ("bytes", size.to_string()),
    ];
    for (what, value) in about {
        out::line(format_args!("{what:<10} {value}"));
    }
    if content.is_empty() {
        out::line("It cannot be read as the event it says it is.");
    } else {
        out::line(content);
    }
    Ok(())
}

async fn redrive(operator: &mut Operator, which: &Which) -> Result<(), Fault> {
    let mut left = 0;
    for id in &which.ids {
        let request = RedriveDeadLetterRequest {
            context: which.context.clone(),
            dead_letter_id: id.clone(),
        };
        match operator.redrive_dead_letter(request).await {
            Ok(_) => out::line(format_args!("{id} was acted on")),
            Err(why) => left += one_no(id, &why)?,
        }
    }
    verdict(left)
}

async fn discard(operator: &mut Operator, which: &Which) -> Result<(), Fault> {
    let mut left = 0;
    for id in &which.ids {
        let request = DiscardDeadLetterRequest {
            context: which.context.clone(),
            dead_letter_id: id.clone(),
        };
        match operator.discard_dead_letter(request).await {
            Ok(_) => out::line(format_args!("{id} was discarded")),
            Err(why) => left += one_no(id, &why)?,
        }
    }
    verdict(left)
}

/// A no that is this letter's own does not keep the others from their turn.
fn one_no(id: &str, why: &Status) -> Result<usize, Fault> {
    match why.code() {
        Code::NotFound | Code::FailedPrecondition => {
            out::line(format_args!("{id}: {}", why.message()));
            Ok(1)
        }
        _ => Err(rpc::fault(why)),
    }
}

fn verdict(left: usize) -> Result<(), Fault> {
    match left {
        0 => Ok(()),
        1 => Err(Fault::no("one was not")),
        left => Err(Fault::no(format!("{left} were not"))),
    }
}

fn or_unknown(name: &str) -> &str {
    if name.is_empty() {
        "(it did not say what)"
    } else {
        name
    }
}

fn when(letter: &DeadLetter) -> String {
    let at = letter.put_aside_at.as_ref();
    at.map(ToString::to_string).unwrap_or_default()
}

fn to_json(letter: &DeadLetter) -> Value {
    json!({
        "context": letter.context,
        "id": letter.dead_letter_id,
        "subject": letter.subject,
        "version": letter.version,
        "event": letter.name,
        "reason": letter.reason,
        "tries": letter.tries,
        "put_aside_at": when(letter),
    })
}

fn print(value: &Value) -> Result<(), Fault> {
    let text = serde_json::to_string_pretty(value).map_err(Fault::bug)?;
    out::line(text);
    Ok(())
}
