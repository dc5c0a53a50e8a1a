{{/* What everything of this release is called, or called after. */}}
{{- define "yemae.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* By what the pods of a component are found: (list $ "payment"). Never changed: a Deployment keeps its selector. */}}
{{- define "yemae.selector" -}}
app.kubernetes.io/name: yemae
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "yemae.labels" -}}
{{- $root := index . 0 -}}
{{ include "yemae.selector" . }}
app.kubernetes.io/part-of: yemae
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" }}
{{- with $root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of a pod: nothing that changes with the chart's version, or all would be replaced for it. */}}
{{- define "yemae.podLabels" -}}
{{ include "yemae.selector" . }}
app.kubernetes.io/part-of: yemae
{{- with (index . 0).Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The head of every object: (list $ "payment" "yemae-payment"). */}}
{{- define "yemae.metadata" -}}
name: {{ index . 2 }}
namespace: {{ (index . 0).Release.Namespace }}
labels:
  {{- include "yemae.labels" (list (index . 0) (index . 1)) | nindent 2 }}
{{- end }}

{{/* The contexts that are not left out, each with what `defaults` says where it says nothing itself. */}}
{{- define "yemae.services" -}}
{{- $services := dict -}}
{{- range $name, $own := .Values.services -}}
{{- $service := mergeOverwrite (deepCopy $.Values.defaults) (deepCopy ($own | default dict)) -}}
{{- if dig "enabled" true $service -}}
{{- if and (eq $service.database "sqlite") (or (gt (int (dig "replicas" 1 ($own | default dict))) 1) (dig "autoscaling" "enabled" false ($own | default dict))) -}}
{{- fail (printf "services.%s: on SQLite there is one replica and no autoscaling" $name) -}}
{{- end -}}
{{- $_ := set $services $name $service -}}
{{- end -}}
{{- end -}}
{{- toYaml $services -}}
{{- end }}

{{/* Whom each calls: the names of its peers that are there, as a list. (list $ $services $name) */}}
{{- define "yemae.peers" -}}
{{- $services := index . 1 -}}
{{- $name := index . 2 -}}
{{- $service := get $services $name -}}
{{- $peers := list -}}
{{- range $peer := keys $services | sortAlpha -}}
{{- if and (ne $peer $name) (or $service.callsAll (hasKey ($service.calls | default dict) $peer)) -}}
{{- $peers = append $peers $peer -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "names" $peers) -}}
{{- end }}

{{/* "repository:tag" or "repository@digest": (list image fallbackTag). */}}
{{- define "yemae.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default (index . 1) }}
{{- end -}}
{{- end }}

{{/* The image of yemae, with what one context has of its own: (list $ ownImage). */}}
{{- define "yemae.ownImage" -}}
{{- $root := index . 0 -}}
{{- $own := index . 1 | default dict -}}
{{- $image := mergeOverwrite (deepCopy $root.Values.image) (deepCopy $own) -}}
{{- if and $own.tag (not $own.digest) }}{{ $_ := set $image "digest" "" }}{{ end -}}
{{- include "yemae.image" (list $image $root.Chart.AppVersion) -}}
{{- end }}

{{/* Where a pod finds its secrets and public keys. */}}
{{- define "yemae.secretsDirectory" -}}/etc/yemae/secrets{{- end }}
{{- define "yemae.jwksDirectory" -}}/etc/yemae/jwks{{- end }}
{{- define "yemae.tlsDirectory" -}}/etc/yemae/tls{{- end }}

{{/* The Secret of a context (or of ops, or provision) that somebody else made: (list "yemae-{context}-key" "payment"). */}}
{{- define "yemae.existing" -}}
{{- index . 0 | replace "{context}" (index . 1) -}}
{{- end }}

{{/* What the chart knows of a context's secrets, as a map; empty values are for others to give. (list $ $name $service) */}}
{{- define "yemae.secrets" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $service := index . 2 -}}
{{- $all := dict -}}
{{- if and (eq $service.database "postgres") $root.Values.postgresql.enabled -}}
{{- $_ := set $all "database-url" (include "yemae.databaseUrl" (list $root $name $name)) -}}
{{- else if eq $service.database "sqlite" -}}
{{- $_ := set $all "database-url" (printf "/var/lib/yemae/%s.sqlite" $name) -}}
{{- end -}}
{{- if and $service.broker $root.Values.nats.enabled -}}
{{- $_ := set $all "nats-url" (include "yemae.natsUrl" (list $root $name)) -}}
{{- end -}}
{{- if and $service.key $root.Values.identity.create -}}
{{- $_ := set $all "key.pem" (include "yemae.privateKey" (list $root (printf "key/%s" $name))) -}}
{{- with $service.signs -}}
{{- $_ := set $all (printf "%s.pem" .) (include "yemae.privateKey" (list $root (printf "key/%s" .))) -}}
{{- end -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}

{{/* (list $ role database) */}}
{{- define "yemae.databaseUrl" -}}
{{- $root := index . 0 -}}
{{- $password := include "yemae.password" (list $root (printf "database/%s" (index . 1))) -}}
{{- printf "postgres://%s:%s@%s-postgresql:5432/%s" (index . 1) $password (include "yemae.fullname" $root) (index . 2) -}}
{{- end }}

{{/* (list $ user) */}}
{{- define "yemae.natsUrl" -}}
{{- $root := index . 0 -}}
{{- $password := include "yemae.password" (list $root (printf "nats/%s" (index . 1))) -}}
{{- printf "nats://%s:%s@%s-nats:4222" (index . 1) $password (include "yemae.fullname" $root) -}}
{{- end }}

{{/* How contexts are dialled. */}}
{{- define "yemae.scheme" -}}{{ if .Values.mtls.enabled }}https{{ else }}http{{ end }}{{- end }}

{{/* The settings that every pod of the yemae image has. */}}
{{- define "yemae.settings" -}}
{{- $directory := include "yemae.jwksDirectory" . -}}
{{- $own := dict
  "YEMAE_METRICS_LISTEN" "0.0.0.0:9464"
  "YEMAE_PEERS" (printf "%s://%s-{context}:%v" (include "yemae.scheme" .) (include "yemae.fullname" .) .Values.defaults.port)
  "YEMAE_SERVICE_JWKS_FILE" (printf "%s/services.jwks.json" $directory)
  "YEMAE_ISSUER" .Values.identity.users.issuer
  "YEMAE_AUDIENCE" .Values.identity.users.audience -}}
{{- if .Values.identity.users.jwksUrl -}}
{{- $_ := set $own "YEMAE_USER_JWKS_URL" .Values.identity.users.jwksUrl -}}
{{- else -}}
{{- $_ := set $own "YEMAE_USER_JWKS_FILE" (printf "%s/users.jwks.json" $directory) -}}
{{- end -}}
{{- range $setting, $value := merge (deepCopy .Values.settings) $own }}
{{ $setting }}: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* What a pod is made of besides its template: when it changes, the pods are replaced. Keys that only verify are read again by
themselves. (list $ $name $service) */}}
{{- define "yemae.checksum" -}}
{{- printf "%s\n%s" (include "yemae.settings" (index . 0)) (include "yemae.secrets" .) | sha256sum -}}
{{- end }}
