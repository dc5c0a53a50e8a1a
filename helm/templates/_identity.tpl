{{/*
Every password and key that the chart makes comes from one random seed, so that an upgrade, a new context or another rendering
finds the same ones. The seed is kept in a Secret that no pod mounts.
*/}}
{{- define "yemae.seed" -}}
{{- if not .Values.secrets.seed -}}
{{- $kept := lookup "v1" "Secret" .Release.Namespace (printf "%s-seed" (include "yemae.fullname" .)) -}}
{{- $seed := dig "data" "seed" "" $kept | b64dec -}}
{{- $_ := set .Values.secrets "seed" (default (randAlphaNum 48) $seed) -}}
{{- end -}}
{{- .Values.secrets.seed -}}
{{- end }}

{{/* 32 bytes, in hexadecimal, that only the seed's holder knows: (list $ "database/payment"). */}}
{{- define "yemae.derived" -}}
{{- $seed := include "yemae.seed" (index . 0) -}}
{{- printf "%s:%s:%s" $seed (index . 1) $seed | sha256sum -}}
{{- end }}

{{/* A password: (list $ "database/payment"). */}}
{{- define "yemae.password" -}}
{{- include "yemae.derived" . | trunc 40 -}}
{{- end }}

{{/* Base64, without padding, of what is given in hexadecimal: an even number of digits. */}}
{{- define "yemae.base64" -}}
{{- $alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" -}}
{{- $hex := . -}}
{{- $length := len $hex -}}
{{- range $at := untilStep 0 $length 6 -}}
{{- $digits := substr $at (int (min (add $at 6) $length)) $hex -}}
{{- $bits := int64 (printf "0x%s%s" $digits (repeat (sub 6 (len $digits) | int) "0")) -}}
{{- range $place, $unit := list 262144 4096 64 1 -}}
{{- if lt $place (add 1 (div (len $digits) 2) | int) -}}
{{- $letter := int (mod (div $bits $unit) 64) -}}
{{- substr $letter (int (add $letter 1)) $alphabet -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* A private Ed25519 key, PKCS#8 PEM (RFC 8410): (list $ "key/payment"). */}}
{{- define "yemae.privateKey" -}}
{{- $der := printf "302e020100300506032b657004220420%s" (include "yemae.derived" .) -}}
-----BEGIN PRIVATE KEY-----
{{ include "yemae.base64" $der }}
-----END PRIVATE KEY-----
{{- end }}

{{/*
The members of its public half as a JWK, to be wrapped in braces. Sprig gives no public key, but a certificate has one: 32 bytes
behind the only "Ed25519, BIT STRING of 33 bytes" in it.
*/}}
{{- define "yemae.publicKey" -}}
{{- $certificate := genSelfSignedCertWithKey "yemae" (list) (list) 1 (include "yemae.privateKey" .) -}}
{{- $der := regexReplaceAll "-----[A-Z ]+-----|\\s" $certificate.Cert "" | b64dec -}}
{{- $bytes := index (splitList (b64dec "BgMrZXADIQA=") $der) 1 | substr 0 32 -}}
{{- $x := b64enc $bytes | replace "+" "-" | replace "/" "_" | trimSuffix "=" -}}
{{- $thumbprint := printf `{"crv":"Ed25519","kty":"OKP","x":"%s"}` $x | sha256sum -}}
{{- $kid := include "yemae.base64" $thumbprint | replace "+" "-" | replace "/" "_" -}}
{{- printf `"kty":"OKP","crv":"Ed25519","x":"%s","kid":"%s","alg":"EdDSA","use":"sig"` $x $kid -}}
{{- end }}
