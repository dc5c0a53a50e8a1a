//! A case's life: what people decided about it stands in the case, how far it came in its fulfilment.

pub mod event;
pub mod no;

use mesh::{Refusal, Text, Time, text};
use ordering::domain::fulfilment::{Answer, Decided, Fulfilment};
use serde::{Deserialize, Serialize};

/// Step: nobody is assigned yet.
pub const OPEN: i32 = 1;
/// Step: an installer is assigned.
pub const ASSIGNED: i32 = 2;
/// Step: installed; the subscription can't be cancelled any more.
pub const INSTALLED: i32 = 3;
/// Step: completed.
pub const ACTIVE: i32 = 4;
/// No step, only shown: somebody asked to cancel.
pub const CANCEL_ASKED: i32 = 5;
/// No step, only shown: a rep has taken that up.
pub const CHECKING: i32 = 6;
/// No step, only shown: cancelled.
pub const CANCELLED: i32 = 9;

/// What is not over.
pub const TO_DO: [i32; 5] = [OPEN, ASSIGNED, INSTALLED, CANCEL_ASKED, CHECKING];

/// What people decided.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Case {
    /// Who installs it.
    pub installer_id: Option<String>,
    /// The rep who assigned him.
    assigned_by: String,
    /// The rep who completed it.
    completed_by: String,
    /// The newest request to cancel.
    pub request: Option<Request>,
    /// The newest one that the installer was asked about.
    pub question: i32,
    /// The newest one that was refused.
    pub refused: i32,
}

/// A request to cancel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    pub number: i32,
    /// Why.
    pub why: Option<Text>,
    /// The rep who has taken it up, and when.
    pub received: Option<(String, Time)>,
    /// What the installer said.
    pub answer: Option<Verdict>,
    /// What that rep or another one decided.
    pub decision: Option<(String, Verdict)>,
}

/// Yes or no.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether it may be cancelled.
    pub agreed: bool,
    /// Why.
    pub reason: Option<Text>,
}

impl Case {
    /// The request that nobody has decided.
    fn open_request(&self) -> Option<&Request> {
        self.request.as_ref().filter(|own| own.decision.is_none())
    }

    fn numbered(&mut self, number: i32) -> Option<&mut Request> {
        self.request.as_mut().filter(|own| own.number == number)
    }

    /// Since when the installer has owed an answer.
    pub fn asked_at(&self) -> Option<Time> {
        let open = self.open_request().filter(|own| own.answer.is_none());
        open.and_then(|own| Some(own.received.as_ref()?.1))
    }
}

/// Where a case stands; 0 while nothing is known of it.
pub fn status(case: &Case, done: &Fulfilment) -> i32 {
    match case.open_request() {
        _ if done.voided => CANCELLED,
        Some(request) if request.received.is_some() => CHECKING,
        Some(_) => CANCEL_ASKED,
        None => done.furthest(),
    }
}

/// Opens the case of an order that stands.
pub fn open(done: &mut Fulfilment, now: Time) -> Option<&'static str> {
    done.reach(OPEN, now).then_some(event::OPENED)
}

/// Request `number` to cancel has come. What is completed answers it by itself; everything else waits for a rep.
pub fn ask(
    case: &mut Case,
    done: &mut Fulfilment,
    number: i32,
    why: Option<Text>,
    now: Time,
) -> Option<&'static str> {
    if done.has_reached(ACTIVE) {
        let active = text("it is completed", "이미 가입이 완료되었습니다.");
        return done.answer(number, active, now).then_some(event::ANSWERED);
    }
    let opened = open(done, now);
    let is_news = case.request.as_ref().is_none_or(|own| own.number < number);
    if is_news && !done.voided {
        case.request = Some(Request {
            number,
            why,
            received: None,
            answer: None,
            decision: None,
        });
    }
    opened
}

/// A rep assigns an installer, whose name the customer is told.
pub fn assign(
    case: &mut Case,
    done: &mut Fulfilment,
    rep: &str,
    (installer_id, name): (&str, &str),
    now: Time,
) -> Decided {
    let same = case.installer_id.as_deref() == Some(installer_id) && case.assigned_by == rep;
    match case.open_request() {
        _ if done.voided => Err(no::CANCELLED),
        _ if same => Ok(None),
        Some(_) => Err(no::CANCELLATION_OPEN),
        None if case.installer_id.is_some() => Err(no::ASSIGNED),
        None => {
            case.installer_id = Some(installer_id.to_owned());
            rep.clone_into(&mut case.assigned_by);
            let refs = vec![(text("Installer", "설치기사"), name.to_owned())];
            let told = done.tell(ASSIGNED, text(name.to_owned(), name.to_owned()), refs, now);
            Ok(told.then_some(event::ASSIGNED))
        }
    }
}

/// The installer says how far he is, and what he answers to request `number`.
pub fn hear(
    case: &mut Case,
    done: &mut Fulfilment,
    installed: bool,
    answer: Option<(i32, Verdict)>,
    now: Time,
) -> Option<&'static str> {
    if let Some((number, verdict)) = answer
        && let Some(request) = case.numbered(number)
        && request.received.is_some()
    {
        request.answer.get_or_insert(verdict);
    }
    let reached = installed && done.reach(INSTALLED, now);
    // It is over only when the rep has completed it.
    done.irrevocable |= reached;
    reached.then_some(event::INSTALLED)
}

/// A rep completes it.
pub fn complete(case: &mut Case, done: &mut Fulfilment, rep: &str, now: Time) -> Decided {
    match case.open_request() {
        _ if done.voided => Err(no::CANCELLED),
        _ if done.has_reached(ACTIVE) && case.completed_by == rep => Ok(None),
        _ if done.has_reached(ACTIVE) => Err(no::COMPLETED),
        Some(_) => Err(no::CANCELLATION_OPEN),
        None if !done.has_reached(INSTALLED) => Err(no::NOT_INSTALLED),
        None => {
            rep.clone_into(&mut case.completed_by);
            Ok(done.reach_for_good(ACTIVE, now).then_some(event::ACTIVATED))
        }
    }
}

/// A rep takes up a request to cancel: the installer is asked. Where nobody is assigned nobody has to be.
pub fn receive(case: &mut Case, rep: &str, number: i32, now: Time) -> Result<(), Refusal> {
    let nobody = case.installer_id.is_none();
    let request = case.numbered(number).ok_or(no::NOT_ASKED)?;
    match &request.received {
        Some((by, _)) if by == rep => return Ok(()),
        Some(_) => return Err(no::RECEIVED),
        None => request.received = Some((rep.to_owned(), now)),
    }
    if nobody {
        request.answer = Some(Verdict {
            agreed: true,
            reason: None,
        });
    } else {
        case.question = number;
    }
    Ok(())
}

/// A rep decides a request to cancel: never yes after the installer's no, and no after his yes only for a reason.
pub fn decide(
    case: &mut Case,
    done: &mut Fulfilment,
    rep: &str,
    number: i32,
    decided: Verdict,
    now: Time,
) -> Decided {
    let request = case.numbered(number).ok_or(no::NOT_RECEIVED)?;
    if let Some((by, before)) = &request.decision {
        let same_reason = decided.reason.is_none() || decided.reason == before.reason;
        let same = by == rep && before.agreed == decided.agreed && same_reason;
        return same.then_some(None).ok_or(no::DECIDED);
    }
    if request.received.is_none() {
        return Err(no::NOT_RECEIVED);
    }
    let answer = request.answer.clone().ok_or(no::UNANSWERED)?;
    let refusable = decided.reason.clone().or(answer.reason);
    let answered = match (decided.agreed, answer.agreed) {
        (true, false) => return Err(no::INSTALLER_REFUSED),
        (true, true) => done.answer(number, text("", ""), now),
        (false, true) if decided.reason.is_none() => return Err(no::reason_required()),
        (false, _) => refuse(done, number, refusable.clone()),
    };
    let reason = if decided.agreed {
        decided.reason
    } else {
        refusable
    };
    let agreed = decided.agreed;
    request.decision = Some((rep.to_owned(), Verdict { agreed, reason }));
    if !agreed {
        case.refused = number;
    }
    Ok(answered.then_some(event::ANSWERED))
}

/// A no that a person has said: [`Fulfilment::answer`] says it only of what is irrevocable.
fn refuse(done: &mut Fulfilment, number: i32, reason: Option<Text>) -> bool {
    done.answer = Some(Answer {
        number,
        agreed: false,
        reason,
    });
    done.version += 1;
    true
}

/// It was cancelled without support being asked.
pub fn void(done: &mut Fulfilment, now: Time) -> Option<&'static str> {
    done.void(now).then_some(event::VOIDED)
}

#[cfg(test)]
mod tests;
