//! A ride's life at dispatch, decided on its fulfilment and on who drives it now: the fulfilment says how far the ride has
//! come, which never goes back; a driver may.

pub mod event;
pub mod no;

use mesh::{Refusal, Time, text};
use ordering::domain::fulfilment::{Decided, Fulfilment};
use std::time::Duration;

/// Step: it waits for a driver.
pub const WAITING: i32 = 1;
/// Step: a driver is on the way.
pub const ASSIGNED: i32 = 2;
/// Step: the customer is in the car; the ride can't be cancelled any more.
pub const PICKED_UP: i32 = 3;
/// Step: the customer is there.
pub const ARRIVED: i32 = 4;
/// No step, only shown: no driver was found in time.
pub const NO_DRIVER: i32 = 8;
/// No step, only shown: it was cancelled.
pub const CANCELLED: i32 = 9;

/// What keeps a driver from another ride. The table's index says the same.
pub const DRIVEN: [i32; 2] = [ASSIGNED, PICKED_UP];

/// How long a ride waits for a driver, from when dispatch hears of it.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Who could drive a ride, and what its customer is told of him.
#[derive(Clone, Debug)]
pub struct Driver {
    /// The subject of his token.
    pub id: String,
    /// What customers call him.
    pub name: String,
    /// What they look out for.
    pub car: String,
    /// Where they reach him.
    pub phone: String,
}

/// A ride, and who drives it.
#[derive(Debug)]
pub struct Drive<'a> {
    /// What was done about it.
    pub ride: &'a mut Fulfilment,
    /// Who drives it, or drove it to its end.
    pub driver: &'a mut Option<String>,
}

impl Drive<'_> {
    /// Where it stands; 0 while nothing is known of it. One whose driver declined waits again.
    pub fn status(&self) -> i32 {
        match self.ride.furthest() {
            _ if self.ride.failed.is_some() => NO_DRIVER,
            _ if self.ride.voided => CANCELLED,
            ASSIGNED if self.driver.is_none() => WAITING,
            step => step,
        }
    }

    /// Takes a ride that stands; the nearest free driver, if there is one, gets it.
    pub fn receive(&mut self, nearest: Option<Driver>, now: Time) -> Option<&'static str> {
        let received = self.ride.reach(WAITING, now).then_some(event::RECEIVED);
        self.assign(nearest, now).or(received)
    }

    /// The nearest free driver gets a ride that waits; its customer is told who comes.
    pub fn assign(&mut self, nearest: Option<Driver>, now: Time) -> Option<&'static str> {
        let driver = nearest.filter(|_| self.status() == WAITING)?;
        self.tell_of(&driver, now);
        *self.driver = Some(driver.id);
        Some(event::ASSIGNED)
    }

    /// Its driver says who he is. The customer who waits for him is told when that is something else than before; who sits
    /// in the car sees it.
    pub fn introduce(&mut self, driver: &Driver, now: Time) -> Option<&'static str> {
        let is_news = self.status() == ASSIGNED && self.tell_of(driver, now);
        is_news.then_some(event::ASSIGNED)
    }

    /// False: the customer was told so before.
    fn tell_of(&mut self, driver: &Driver, now: Time) -> bool {
        let (name, car, phone) = (&driver.name, &driver.car, &driver.phone);
        let who = format!("{name}, {car}, {phone}");
        let refs = vec![
            (text("Driver", "기사"), driver.name.clone()),
            (text("Car", "차량"), driver.car.clone()),
            (text("Phone", "전화"), driver.phone.clone()),
        ];
        self.ride.tell(ASSIGNED, text(who.clone(), who), refs, now)
    }

    /// The driver gives it back; `next` gets it, or it waits, and its customer is told so.
    pub fn decline(&mut self, next: Option<Driver>, now: Time) -> Decided {
        match self.in_hand()? {
            PICKED_UP | ARRIVED => Err(no::PICKED_UP),
            _ => {
                *self.driver = None;
                Ok(self.assign(next, now).or_else(|| self.wait_again(now)))
            }
        }
    }

    fn wait_again(&mut self, now: Time) -> Option<&'static str> {
        let why = text(
            "the driver can't come; another one is being looked for",
            "배차된 기사가 운행할 수 없어 다른 기사를 찾고 있습니다.",
        );
        let told = self.ride.tell(ASSIGNED, why, Vec::new(), now);
        told.then_some(event::DECLINED)
    }

    /// The customer gets into the car.
    pub fn pick_up(&mut self, now: Time) -> Decided {
        match self.in_hand()? {
            ASSIGNED => {
                // It is over only when they have arrived.
                self.ride.irrevocable = self.ride.reach(PICKED_UP, now);
                Ok(Some(event::PICKED_UP))
            }
            _ => Ok(None),
        }
    }

    /// They have arrived.
    pub fn arrive(&mut self, now: Time) -> Decided {
        match self.in_hand()? {
            PICKED_UP => {
                let arrived = self.ride.reach_for_good(ARRIVED, now);
                Ok(arrived.then_some(event::ARRIVED))
            }
            ARRIVED => Ok(None),
            _ => Err(no::NOT_PICKED_UP),
        }
    }

    /// Fails a ride that has waited too long since it was heard of.
    pub fn give_up(&mut self, heard_at: Time, now: Time) -> Option<&'static str> {
        if self.status() != WAITING || now.since(heard_at) < PATIENCE {
            return None;
        }
        let why = text(
            "no driver was found within ten minutes",
            "10분 안에 배차되지 않았습니다. 결제 금액은 환불됩니다.",
        );
        let failed = self.ride.fail("NO_DRIVER", why, now);
        failed.then_some(event::NOBODY_FOUND)
    }

    /// Answers request `number` to cancel: yes until the customer is in the car.
    pub fn answer(&mut self, number: i32, now: Time) -> Option<&'static str> {
        let why = text("the customer was picked up", "이미 탑승하셨습니다.");
        let answered = self.ride.answer(number, why, now);
        answered.then_some(event::ANSWERED)
    }

    /// It was cancelled without dispatch being asked.
    pub fn void(&mut self, now: Time) -> Option<&'static str> {
        self.ride.void(now).then_some(event::VOIDED)
    }

    /// Where it stands, unless it was cancelled.
    fn in_hand(&self) -> Result<i32, Refusal> {
        match self.status() {
            CANCELLED => Err(no::CANCELLED),
            step => Ok(step),
        }
    }
}

/// A point on the earth, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// North.
    pub latitude: i32,
    /// East.
    pub longitude: i32,
}

impl Spot {
    /// How far another spot is: only good for telling who is nearer. A degree of longitude is narrowed by Bhaskara's cosine
    /// of this spot's latitude, the same for all who are compared.
    fn to(self, other: Self) -> i128 {
        const QUARTER: i128 = 4 * 90_000_000 * 90_000_000;
        const AROUND: i128 = 360_000_000;
        let [north, east, here] = [
            i128::from(other.latitude) - i128::from(self.latitude),
            i128::from(other.longitude) - i128::from(self.longitude),
            i128::from(self.latitude),
        ];
        let east = east.abs().min(AROUND - east.abs());
        let across = east * (QUARTER - 4 * here * here) / (QUARTER + here * here);
        north * north + across * across
    }
}

/// Who of those who are free is nearest; of two as near, the one whose id comes first.
pub fn nearest(from: Spot, free: Vec<(String, Spot)>) -> Option<String> {
    let near = |(id, at): &(String, Spot)| (from.to(*at), id.clone());
    free.into_iter().min_by_key(near).map(|(id, _)| id)
}

#[cfg(test)]
mod tests;
