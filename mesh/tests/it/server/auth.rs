//! Who calls and whether they may: all of it before a handler runs.

use super::*;
use mesh::{Service, User};

const ON_BEHALF: &str = "x-yemae-user-authorization";
const ROLES: [&str; 7] = [
    "customer",
    "staff",
    "owner",
    "rep",
    "installer",
    "driver",
    "admin",
];

async fn house() -> House {
    House::new(|_| async { fine() }).await
}

#[tokio::test(start_paused = true)]
async fn every_method_is_open_to_its_roles_and_scopes_and_to_nobody_else() {
    let house = house().await;
    let contracts = house.doors.contracts.clone();
    let mut tried = 0;
    for method in contracts.methods() {
        let path = &method.path;
        if !NAMES.iter().any(|name| path.contains(name)) {
            continue;
        }
        let anyone = method.roles.iter().any(|role| role == "anyone");
        for role in ROLES {
            let may = anyone || method.roles.iter().any(|own| own == role);
            let told = house.ask(request(path, &house.user(&[role]))).await;
            expect(&told, may, &format!("{role} {path}"));
        }
        for (context, scopes) in [
            ("cinema-booking", &["payment.charge", "theater.hold"][..]),
            ("mypage", &[]),
        ] {
            let may = anyone || method.scopes.iter().any(|s| scopes.contains(&s.as_str()));
            let told = house.ask(request(path, &house.service(context))).await;
            expect(&told, may, &format!("{context} {path}"));
            // Working for a person who may does not make the service that person.
            let on_behalf =
                request(path, &house.service(context)).header(ON_BEHALF, house.user(&ROLES));
            expect(
                &house.ask(on_behalf).await,
                may,
                &format!("{context} for a person {path}"),
            );
        }
        let none = house.ask(request(path, &house.user(&[]))).await;
        expect(&none, anyone, &format!("no role {path}"));
        tried += 1;
    }
    assert!(tried >= 15, "{tried} methods tried");
}

fn expect(told: &Told, may: bool, what: &str) {
    if may {
        assert_eq!(told.code, Code::Ok, "{what}");
    } else {
        assert!(
            told.is(Code::PermissionDenied, "PERMISSION_DENIED"),
            "{what}: {told:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_handler_knows_of_its_caller() {
    let house = house().await;
    let anna = || User {
        subject: "anna".to_owned(),
        roles: vec!["customer".to_owned()],
    };
    let booking = || Service {
        context: "cinema-booking".to_owned(),
        scopes: vec!["payment.charge".to_owned(), "theater.hold".to_owned()],
    };
    let (user, service) = (house.user(&["customer"]), house.service("cinema-booking"));
    let passed_on = user.strip_prefix("Bearer ").unwrap();
    for (authorization, on_behalf, as_user, as_service, token) in [
        (&user, None, Some(anna()), None, Some(passed_on)),
        (&service, None, None, Some(booking()), None),
        (
            &service,
            Some(&user),
            Some(anna()),
            Some(booking()),
            Some(passed_on),
        ),
    ] {
        let mut request = request(HOLD, authorization)
            .header("accept-language", "en-GB")
            .header("grpc-previous-rpc-attempts", "1");
        if let Some(on_behalf) = on_behalf {
            request = request.header(ON_BEHALF, on_behalf);
        }
        assert_eq!(house.ask(request).await.code, Code::Ok);
        let call = house.reached.lock().unwrap().pop().unwrap();
        assert_eq!(call.caller.user, as_user);
        assert_eq!(call.caller.service, as_service);
        assert_eq!(call.user_token.as_deref(), token);
        assert_eq!(call.context, "cinema-theater");
        assert_eq!(call.method, HOLD);
        assert_eq!(call.locale, "en");
        assert!(call.is_retry);
    }
}

#[tokio::test(start_paused = true)]
async fn tokens_do_not_reach_the_handler() {
    let house = House::new(|request: Request| async move {
        assert!(!request.headers().contains_key(AUTHORIZATION));
        assert!(!request.headers().contains_key(ON_BEHALF));
        fine()
    })
    .await;
    let request = request(HOLD, &house.service("cinema-booking"))
        .header(ON_BEHALF, house.user(&["customer"]));
    assert_eq!(house.ask(request).await.code, Code::Ok);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_not_known_is_refused_before_the_handler() {
    let house = house().await;
    let (user, service) = (house.user(&["customer"]), house.service("cinema-booking"));
    let forged = |token: &str| {
        let (rest, _) = token.rsplit_once('.').unwrap();
        format!("{rest}.{}", "A".repeat(86))
    };
    let long = format!("Bearer {}", "x".repeat(8 * 1024 + 1));
    let plain = || http::Request::post(HOLD).header("content-type", "application/grpc");
    for (what, request, reason) in [
        ("no token", plain(), "TOKEN_MISSING"),
        (
            "another scheme",
            request(HOLD, "Basic YTpi"),
            "TOKEN_INVALID",
        ),
        (
            "no scheme",
            request(HOLD, &user["Bearer ".len()..]),
            "TOKEN_INVALID",
        ),
        ("an empty token", request(HOLD, "Bearer "), "TOKEN_INVALID"),
        ("too long a token", request(HOLD, &long), "TOKEN_INVALID"),
        (
            "a forged signature",
            request(HOLD, &forged(&user)),
            "TOKEN_INVALID",
        ),
        (
            "a service's forged signature",
            request(HOLD, &forged(&service)),
            "TOKEN_INVALID",
        ),
        (
            "two tokens",
            request(HOLD, &user).header(AUTHORIZATION, &service),
            "TOKEN_MISPLACED",
        ),
        (
            "a person for a person",
            request(HOLD, &user).header(ON_BEHALF, &user),
            "TOKEN_MISPLACED",
        ),
        (
            "a person with a service behind",
            request(HOLD, &user).header(ON_BEHALF, &service),
            "TOKEN_MISPLACED",
        ),
        (
            "a service for a service",
            request(HOLD, &service).header(ON_BEHALF, &service),
            "TOKEN_MISPLACED",
        ),
        (
            "a service for a forged person",
            request(HOLD, &service).header(ON_BEHALF, forged(&user)),
            "TOKEN_INVALID",
        ),
        (
            "nobody for a person",
            plain().header(ON_BEHALF, &user),
            "TOKEN_MISSING",
        ),
    ] {
        let told = house.ask(request).await;
        assert!(told.is(Code::Unauthenticated, reason), "{what}: {told:?}");
        assert_eq!(told.domain, "cinema-theater");
    }
    assert_eq!(house.reached(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_no_is_told_in_the_callers_language() {
    let house = house().await;
    for (language, begins) in [("ko", "인증"), ("en", "the call")] {
        let request = http::Request::post(HOLD).header("accept-language", language);
        let status = house.ask(request).await.status.unwrap();
        let message = status.get_details_localized_message().unwrap().message;
        assert!(message.starts_with(begins), "{message}");
    }
}
