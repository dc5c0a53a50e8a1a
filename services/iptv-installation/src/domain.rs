//! A job's life: what was asked and answered about it stands in the job, how far it came in its fulfilment.

pub mod event;
pub mod no;

use mesh::{Refusal, Time, text};
use ordering::domain::fulfilment::{Answer, Decided, Fulfilment};
use serde::{Deserialize, Serialize};

/// Step: its installer is to accept it.
pub const REQUESTED: i32 = 1;
/// Step: he has.
pub const ACCEPTED: i32 = 2;
/// Step: installed; the subscription can't be cancelled any more.
pub const COMPLETED: i32 = 3;
/// No step, only shown: the subscription was cancelled.
pub const CANCELLED: i32 = 9;

/// What is to be done.
pub const TO_DO: [i32; 2] = [REQUESTED, ACCEPTED];

/// What was asked and answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Whose it is.
    pub installer_id: Option<String>,
    /// The newest request to cancel that support asks about.
    question: i32,
    /// When it did.
    asked_at: Option<Time>,
    /// The newest request that support has refused.
    refused: i32,
    /// The answer to the newest request that was answered.
    pub answer: Option<Answer>,
}

impl Job {
    /// The request to cancel that is to be answered, and since when.
    pub fn question(&self) -> Option<(i32, Time)> {
        let answered = self.answer.as_ref().map_or(0, |answer| answer.number);
        let open = self.question > answered.max(self.refused);
        open.then_some((self.question, self.asked_at.unwrap_or_default()))
    }

    /// It was agreed to cancel it, and support has not decided.
    pub fn is_locked(&self) -> bool {
        let answer = self.answer.as_ref();
        answer.is_some_and(|answer| answer.agreed && answer.number > self.refused)
    }

    /// What is installed is not cancelled, whoever asks.
    fn answer_by_itself(&mut self) {
        if let Some((number, _)) = self.question() {
            self.answer = Some(Answer {
                number,
                agreed: false,
                reason: Some(text("it is installed", "이미 설치가 완료되었습니다.")),
            });
        }
    }
}

/// Where a job stands; 0 while it is nobody's.
pub fn status(done: &Fulfilment) -> i32 {
    if done.voided {
        CANCELLED
    } else {
        done.furthest()
    }
}

/// What a case says of the job.
pub struct Case {
    /// Who is to do it.
    pub installer_id: String,
    /// The newest request to cancel that he is asked about.
    pub question: i32,
    /// When he was.
    pub asked_at: Option<Time>,
    /// The newest one that was refused.
    pub refused: i32,
}

/// Support has assigned it, asks about it, or has refused to cancel it.
pub fn hear(job: &mut Job, done: &mut Fulfilment, case: Case, now: Time) -> Option<&'static str> {
    job.installer_id = Some(case.installer_id);
    job.refused = case.refused;
    if case.question > job.question {
        job.question = case.question;
        job.asked_at = case.asked_at;
    }
    if done.has_reached(COMPLETED) {
        job.answer_by_itself();
    }
    done.reach(REQUESTED, now).then_some(event::REQUESTED)
}

/// The installer accepts it.
pub fn accept(job: &Job, done: &mut Fulfilment, now: Time) -> Decided {
    match status(done) {
        CANCELLED => Err(no::CANCELLED),
        ACCEPTED | COMPLETED => Ok(None),
        _ if job.is_locked() => Err(no::LOCKED),
        _ => Ok(done.reach(ACCEPTED, now).then_some(event::ACCEPTED)),
    }
}

/// It is installed. An open question is answered by that.
pub fn complete(job: &mut Job, done: &mut Fulfilment, now: Time) -> Decided {
    match status(done) {
        CANCELLED => Err(no::CANCELLED),
        COMPLETED => Ok(None),
        _ if job.is_locked() => Err(no::LOCKED),
        ACCEPTED => {
            let completed = done.reach_for_good(COMPLETED, now);
            job.answer_by_itself();
            Ok(completed.then_some(event::COMPLETED))
        }
        _ => Err(no::NOT_ACCEPTED),
    }
}

/// The installer answers a request to cancel.
pub fn answer(job: &mut Job, done: &Fulfilment, answer: Answer) -> Result<(), Refusal> {
    match &job.answer {
        Some(given) if *given == answer => return Ok(()),
        Some(given) if given.number == answer.number => return Err(no::ANSWERED),
        _ => {}
    }
    if done.voided {
        return Err(no::CANCELLED);
    }
    if job.question().map(|(number, _)| number) != Some(answer.number) {
        return Err(no::NOT_ASKED);
    }
    job.answer = Some(answer);
    Ok(())
}

/// The subscription was cancelled.
pub fn void(done: &mut Fulfilment, now: Time) -> Option<&'static str> {
    done.void(now).then_some(event::CANCELLED)
}

#[cfg(test)]
mod tests;
