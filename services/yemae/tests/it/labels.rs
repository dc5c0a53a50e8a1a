//! The words that people in Korea know, one by one as the domain has them; and no status without one.

use ordering::System;
use prost_reflect::DescriptorPool;

/// A status by its name, and its word.
type Words = &'static [(&'static str, &'static str)];

/// The words of each system.
static SYSTEMS: [(&System, Words); 5] = [
    (
        &cinema_booking::SYSTEM,
        &[
            ("BOOKED", "예매완료"),
            ("SEATS_RESERVED", "좌석예매"),
            ("TICKET_RECEIVED", "티켓수령"),
            ("CANCELLING", "취소접수"),
            ("CANCELLED", "예매취소"),
        ],
    ),
    (
        &vod_order::SYSTEM,
        &[
            ("PURCHASED", "구매완료"),
            ("WATCHED", "시청"),
            ("CANCELLING", "취소접수"),
        ],
    ),
    (
        &food_order::SYSTEM,
        &[
            ("ORDERED", "주문접수"),
            ("COOKING", "조리시작"),
            ("DELIVERING", "배달출발"),
            ("DELIVERED", "배달완료"),
            ("CANCELLING", "취소접수"),
        ],
    ),
    (
        &iptv_subscription::SYSTEM,
        &[
            ("SUBSCRIBED", "가입신청"),
            ("ASSIGNED", "기사배정"),
            ("INSTALLING", "설치접수"),
            ("INSTALLED", "설치완료"),
            ("ACTIVE", "가입완료"),
            ("CANCELLING", "취소접수"),
        ],
    ),
    (
        &taxi_ride::SYSTEM,
        &[
            ("CALLED", "호출"),
            ("ASSIGNED", "배차완료"),
            ("PICKED_UP", "탑승"),
            ("ARRIVED", "도착"),
            ("CANCELLING", "취소접수"),
        ],
    ),
];

/// Everything that a system's orders may be shown as.
fn statuses(system: &System) -> Vec<ordering::Status> {
    let progress = system.progress.iter().map(|progress| progress.status);
    progress
        .chain([system.cancelling, system.cancelled])
        .collect()
}

fn is_hangul(letter: char) -> bool {
    ('가'..='힣').contains(&letter)
}

#[test]
fn each_word_is_the_one_that_people_know() {
    for (system, words) in SYSTEMS {
        let statuses = statuses(system);
        for (name, ko) in words {
            let found = statuses.iter().filter(|status| status.name == *name);
            let labels: Vec<_> = found.map(|status| status.ko).collect();
            // A ticket that nobody fetched is shown as BOOKED too: each place has the same words.
            assert!(!labels.is_empty(), "{}: {name}", system.name);
            assert!(labels.iter().all(|label| label == ko), "{name}: {labels:?}");
        }
    }
}

#[test]
fn every_status_has_words_in_both_languages_and_its_contracts_number() {
    let pool = DescriptorPool::decode(proto::DESCRIPTORS).unwrap();
    for (system, _) in SYSTEMS {
        let (package, _) = system.events.rsplit_once('.').unwrap();
        let own = pool
            .all_enums()
            .filter(|found| found.package_name() == package);
        let values: Vec<_> = own
            .flat_map(|found| found.values().collect::<Vec<_>>())
            .collect();
        for status in statuses(system) {
            assert!(status.ko.chars().all(is_hangul), "{status:?}");
            assert!(status.en.is_ascii() && !status.en.is_empty(), "{status:?}");
            let is_own = values.iter().any(|value| {
                value.number() == status.code
                    && value.name().ends_with(&format!("_STATUS_{}", status.name))
            });
            assert!(is_own, "{}: {status:?}", system.name);
        }
    }
}
