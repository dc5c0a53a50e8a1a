//! The way out of a refusal, for whoever stands before the door for the first time, with curl or a page of their own.

use mesh::{Text, text};

/// What helps against refusals of this reason; none where the reason says it.
pub(crate) fn against(reason: &str, violated: &[&str]) -> Option<Text> {
    Some(match reason {
        "TOKEN_MISSING" | "TOKEN_INVALID" | "TOKEN_EXPIRED" => text(
            "send the header authorization: Bearer TOKEN; for a mesh of `yemae up`, `yemae token NAME` prints a token",
            "authorization: Bearer TOKEN 헤더를 보내 주세요. `yemae up`으로 띄운 메시라면 `yemae token 이름`이 토큰을 출력합니다.",
        ),
        "TOKEN_MISPLACED" => text(
            "send one token, a person's, in one header: authorization: Bearer TOKEN",
            "사용자 토큰 하나만 authorization: Bearer TOKEN 헤더로 보내 주세요.",
        ),
        "PERMISSION_DENIED" => text(
            "the roles that may are in metadata; for a mesh of `yemae up`, `yemae token NAME --role ROLE` prints a token of one",
            "허용된 역할은 metadata에 있습니다. `yemae up`으로 띄운 메시라면 `yemae token 이름 --role 역할`이 그 역할의 토큰을 출력합니다.",
        ),
        "UNKNOWN_ROUTE" | "METHOD_NOT_ALLOWED" | "MALFORMED_REQUEST" => text(
            "/docs shows every route, its fields and an example; /openapi.json says the same to programs",
            "/docs에서 모든 주소와 입력 항목, 예시를 볼 수 있습니다. 프로그램에서는 /openapi.json을 쓰세요.",
        ),
        "UNSUPPORTED_MEDIA_TYPE" => text(
            "send the header content-type: application/json; curl -d sends another unless told by -H",
            "content-type: application/json 헤더를 보내 주세요. curl -d는 -H로 지정하지 않으면 다른 형식을 보냅니다.",
        ),
        "INVALID_FIELDS" if violated.contains(&"request_id") => text(
            "name the request by the header Idempotency-Key, or by requestId: the same name again gets the same answer",
            "Idempotency-Key 헤더나 requestId로 요청에 이름을 붙여 주세요. 같은 이름으로 다시 보내면 같은 응답을 받습니다.",
        ),
        _ => return None,
    })
}
