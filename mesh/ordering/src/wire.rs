//! The lifecycle in its published language: `yemae.ordering.v1`.

use crate::domain::order::{
    self, Actor, Cancellation, Cause, Entry, Happened, Order, Phase, State,
};
use crate::domain::{Money, Status, System, fulfilment};
use crate::is_own_word;
use mesh::{Change, Refusal, Text, Time};
use proto::ordering::v1 as wire;
use proto::shared::v1 as shared;

/// Money on the wire.
pub fn money(money: &Money) -> shared::Money {
    shared::Money {
        currency: money.currency.clone(),
        minor_units: money.minor_units,
    }
}

/// Money from the wire.
pub fn read_money(money: shared::Money) -> Money {
    Money {
        currency: money.currency,
        minor_units: money.minor_units,
    }
}

/// Text on the wire.
pub fn text(text: &Text) -> shared::Text {
    shared::Text {
        en: text.en.to_string(),
        ko: text.ko.to_string(),
    }
}

/// Text from the wire.
pub fn read_text(text: shared::Text) -> Text {
    mesh::text(text.en, text.ko)
}

fn status(status: Status) -> wire::Status {
    wire::Status {
        code: status.code,
        name: status.name.to_owned(),
        label: Some(shared::Text {
            en: status.en.to_owned(),
            ko: status.ko.to_owned(),
        }),
    }
}

/// The refund's own words: it is no status of any context.
const REFUNDED: Status = Status {
    code: 0,
    name: "REFUNDED",
    en: "Refunded",
    ko: "결제취소",
};

/// An order on the wire.
pub fn order(order: &Order, system: &System) -> wire::Order {
    wire::Order {
        order_id: order.id.clone(),
        context: system.context.to_owned(),
        system: system.name.to_owned(),
        customer_id: order.customer_id.clone(),
        locale: order.locale.clone(),
        version: order.version,
        phase: phase(order.phase(system)).into(),
        status: Some(status(order.status(system))),
        title: Some(text(&order.title)),
        amount: Some(money(&order.amount)),
        payment_id: order.payment_id.clone().unwrap_or_default(),
        placed_at: Some(order.placed_at.into()),
        changed_at: Some(order.changed_at.into()),
        finished_at: order.finished_at.map(Into::into),
        cancellable: order.is_cancellable(system),
        refs: {
            let by = |context: &&str| order.fulfilling_refs.get(*context);
            let others = system.fulfilled_by.iter().filter_map(by).flatten();
            order.refs.iter().chain(others).map(own_ref).collect()
        },
        cancellation: Some(cancellation(&order.cancellation)),
        timeline: timeline(order, system),
        detail: Some(prost_types::Any {
            type_url: format!("type.googleapis.com/{}", system.detail),
            value: order.detail.clone(),
        }),
    }
}

fn own_ref((label, value): &(Text, String)) -> wire::Ref {
    wire::Ref {
        label: Some(text(label)),
        value: value.clone(),
    }
}

fn read_ref(shown: wire::Ref) -> (Text, String) {
    (read_text(shown.label.unwrap_or_default()), shown.value)
}

/// A timeline on the wire.
pub fn timeline(order: &Order, system: &System) -> Vec<wire::TimelineEntry> {
    let entry = |(seq, entry): (i32, &Entry)| wire::TimelineEntry {
        seq,
        at: Some(entry.at.into()),
        status: Some(status(match entry.happened {
            Happened::Progress(place) | Happened::CancelRefused(place) => {
                system.progress[place].status
            }
            Happened::CancelAsked => system.cancelling,
            Happened::Cancelled => system.cancelled,
            Happened::Refunded => REFUNDED,
        })),
        reason: entry.reason.as_ref().map(text),
        actor: actor(entry.actor).into(),
    };
    (1..).zip(&order.timeline).map(entry).collect()
}

/// A phase on the wire.
pub fn phase(phase: Phase) -> wire::Phase {
    match phase {
        Phase::Placed => wire::Phase::Placed,
        Phase::InProgress => wire::Phase::InProgress,
        Phase::Cancelling => wire::Phase::Cancelling,
        Phase::Cancelled => wire::Phase::Cancelled,
        Phase::Fulfilled => wire::Phase::Fulfilled,
    }
}

/// A cancellation on the wire.
pub fn cancellation(cancellation: &Cancellation) -> wire::Cancellation {
    use wire::cancellation as c;
    let state = match cancellation.state {
        State::None => c::State::None,
        State::Asked => c::State::Asked,
        State::Refused => c::State::Refused,
        State::Done => c::State::Done,
    };
    let cause = match cancellation.cause {
        Cause::Nobody => c::Cause::Unspecified,
        Cause::Customer => c::Cause::Customer,
        Cause::Admin => c::Cause::Admin,
        Cause::System => c::Cause::System,
    };
    wire::Cancellation {
        state: state.into(),
        number: cancellation.number,
        cause: cause.into(),
        reason: cancellation.reason.as_ref().map(text),
    }
}

fn actor(actor: Actor) -> wire::Actor {
    match actor {
        Actor::Customer => wire::Actor::Customer,
        Actor::Fulfilment => wire::Actor::Fulfilment,
        Actor::Admin => wire::Actor::Admin,
        Actor::System => wire::Actor::System,
    }
}

/// A fulfilment on the wire.
pub fn fulfilment(fulfilment: &fulfilment::Fulfilment, context: &str) -> wire::Fulfilment {
    wire::Fulfilment {
        order_id: fulfilment.order_id.clone(),
        context: context.to_owned(),
        version: fulfilment.version,
        steps: fulfilment
            .steps
            .iter()
            .map(|(code, at)| wire::Step {
                code: *code,
                at: Some((*at).into()),
                reason: fulfilment.reason(*code).map(text),
            })
            .collect(),
        refs: fulfilment.refs.iter().map(own_ref).collect(),
        irrevocable: fulfilment.irrevocable,
        failed: fulfilment
            .failed
            .as_ref()
            .map(|(code, reason)| wire::Failure {
                code: code.clone(),
                reason: Some(text(reason)),
            }),
        answer: fulfilment.answer.as_ref().map(|answer| wire::Answer {
            number: answer.number,
            agreed: answer.agreed,
            reason: answer.reason.as_ref().map(text),
        }),
    }
}

/// What an order side hears of a fulfilment.
pub fn heard(fulfilment: wire::Fulfilment) -> order::Heard {
    order::Heard {
        context: fulfilment.context,
        version: fulfilment.version,
        steps: fulfilment.steps.iter().map(|step| step.code).collect(),
        reasons: {
            let steps = fulfilment.steps.into_iter();
            let reason = |step: wire::Step| Some((step.code, read_text(step.reason?)));
            steps.filter_map(reason).collect()
        },
        refs: fulfilment.refs.into_iter().map(read_ref).collect(),
        irrevocable: fulfilment.irrevocable,
        failed: fulfilment
            .failed
            .map(|failure| read_text(failure.reason.unwrap_or_default())),
        answer: fulfilment.answer.map(|answer| order::Answer {
            number: answer.number,
            agreed: answer.agreed,
            reason: answer.reason.map(read_text),
        }),
    }
}

/// What an order wants of who fulfils it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// To be fulfilled.
    Fulfil,
    /// Its request to cancel of this number to be answered, by its decider; whoever else fulfils it goes on.
    Answer(i32),
    /// Nothing any more: it is cancelled.
    Void,
}

/// Reads what an order wants of who fulfils it.
pub fn wish(order: &wire::Order) -> Wish {
    use wire::cancellation::State;
    match &order.cancellation {
        _ if order.phase() == wire::Phase::Cancelled => Wish::Void,
        Some(asked) if asked.state() == State::Asked => Wish::Answer(asked.number),
        _ => Wish::Fulfil,
    }
}

/// The order that has changed, for who follows an order side. One that another context states is refused, as
/// [`is_own_word`] says.
pub fn own_order(change: &Change<wire::Order>) -> Result<&wire::Order, Refusal> {
    is_own_word(&change.entity.context, &change.context)?;
    Ok(&change.entity)
}

/// When an order was placed.
pub fn placed_at(order: &wire::Order) -> Time {
    order.placed_at.unwrap_or_default().into()
}

/// Reads the context's own message about an order.
pub fn detail<D: prost::Message + prost::Name + Default>(
    order: &wire::Order,
) -> Result<D, Refusal> {
    let detail = order.detail.as_ref();
    let detail = detail.ok_or_else(|| Refusal::internal("an order without detail"))?;
    detail.to_msg().map_err(Refusal::internal)
}
