{{/* PodSecurity "restricted", and no token of the cluster's: no pod here talks to its API. (list uid) */}}
{{- define "yemae.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ index . 0 }}
runAsGroup: {{ index . 0 }}
fsGroup: {{ index . 0 }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "yemae.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The head of every pod of the yemae image: (list $ service). */}}
{{- define "yemae.pod" -}}
{{- $root := index . 0 -}}
{{- $service := index . 1 -}}
serviceAccountName: {{ include "yemae.fullname" $root }}
automountServiceAccountToken: false
# It would put a YEMAE_… variable for each Service here, and yemae refuses settings that it does not know.
enableServiceLinks: false
{{- with $root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $service.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $service.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
securityContext:
  {{- include "yemae.podSecurity" (list 65532) | nindent 2 }}
{{- end }}

{{/* What every container of the yemae image has: (list $ ownImage resources). */}}
{{- define "yemae.container" -}}
{{- $root := index . 0 -}}
image: {{ include "yemae.ownImage" (list $root (index . 1)) }}
imagePullPolicy: {{ $root.Values.image.pullPolicy }}
securityContext:
  {{- include "yemae.containerSecurity" $root | nindent 2 }}
resources:
  {{- toYaml (index . 2) | nindent 2 }}
envFrom:
  - configMapRef: {name: {{ include "yemae.fullname" $root }}-settings}
{{- end }}

{{/* PostgreSQL wants a place for its socket, SQLite one for what it sorts. */}}
{{- define "yemae.tmp" -}}
name: tmp
emptyDir: {sizeLimit: 64Mi}
{{- end }}

{{/* The files with a context's secrets, whoever made each: (list $ $name $service). */}}
{{- define "yemae.secretsVolume" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $service := index . 2 -}}
{{- $made := include "yemae.secrets" . | fromYaml -}}
name: secrets
projected:
  defaultMode: 0440
  sources:
    {{- with keys $made | sortAlpha }}
    - secret:
        name: {{ include "yemae.fullname" $root }}-{{ $name }}
        items:
          {{- range . }}
          - {key: {{ . }}, path: {{ . }}}
          {{- end }}
    {{- end }}
    {{- if and (eq $service.database "postgres") (not $root.Values.postgresql.enabled) }}
    - secret:
        name: {{ include "yemae.existing" (list $root.Values.postgresql.existingSecret $name) }}
        items: [{key: database-url, path: database-url}]
    {{- end }}
    {{- if and $service.broker (not $root.Values.nats.enabled) }}
    - secret:
        name: {{ include "yemae.existing" (list $root.Values.nats.existingSecret $name) }}
        items: [{key: nats-url, path: nats-url}]
    {{- end }}
    {{- if and $service.key (not $root.Values.identity.create) }}
    - secret:
        name: {{ include "yemae.existing" (list $root.Values.identity.existingSecret $name) }}
        items:
          - {key: key.pem, path: key.pem}
          {{- with $service.signs }}
          - {key: {{ . }}.pem, path: {{ . }}.pem}
          {{- end }}
    {{- end }}
{{- end }}

{{/* The settings that name those files: (list $service). */}}
{{- define "yemae.secretsSettings" -}}
{{- $service := index . 0 -}}
{{- $directory := include "yemae.secretsDirectory" . -}}
{{- if ne $service.database "none" }}
- {name: YEMAE_DATABASE_URL_FILE, value: {{ $directory }}/database-url}
{{- end }}
{{- if $service.broker }}
- {name: NATS_URL_FILE, value: {{ $directory }}/nats-url}
{{- end }}
{{- if $service.key }}
- {name: YEMAE_KEY_FILE, value: {{ $directory }}/key.pem}
{{- end }}
{{- with $service.signs }}
- {name: YEMAE_{{ upper . }}_KEY_FILE, value: {{ $directory }}/{{ . }}.pem}
{{- end }}
{{- end }}

{{/* The settings that name a certificate, its key and the CA; who serves contexts asks callers for theirs: (list serves). */}}
{{- define "yemae.tlsSettings" -}}
{{- $directory := include "yemae.tlsDirectory" . -}}
- {name: YEMAE_MESH_CERTIFICATE, value: {{ $directory }}/tls.crt}
- {name: YEMAE_MESH_KEY, value: {{ $directory }}/tls.key}
- {name: YEMAE_MESH_CA, value: {{ $directory }}/ca.crt}
{{- if index . 0 }}
- {name: YEMAE_MESH_CLIENT_CA, value: {{ $directory }}/ca.crt}
{{- end }}
{{- end }}

{{/* Those files, as a folder: a file alone would not be renewed. (list $ name) */}}
{{- define "yemae.tlsVolume" -}}
name: tls
secret: {secretName: {{ include "yemae.existing" (list (index . 0).Values.mtls.existingSecret (index . 1)) }}, defaultMode: 0440}
{{- end }}

{{/* What an operator's container knows: where each context is, all databases by one URL, the broker, and the key that makes an admin's
tokens. */}}
{{- define "yemae.operator" -}}
# Commands look for a data directory here, and find its keys.
workingDir: /var/lib/yemae
env:
  - {name: YEMAE_SERVER, value: "{{ include "yemae.scheme" . }}://{{ include "yemae.fullname" . }}-{context}:{{ .Values.defaults.port }}"}
  {{- with (include "yemae.unread" (list (include "yemae.services" . | fromYaml) .Values.services) | fromJson).names }}
  - {name: YEMAE_WITHOUT, value: {{ join "," . }}}
  {{- end }}
  - {name: YEMAE_DATABASE_URL_FILE, value: {{ include "yemae.secretsDirectory" . }}/database-url}
  - {name: NATS_URL_FILE, value: {{ include "yemae.secretsDirectory" . }}/nats-url}
  {{- if .Values.mtls.enabled }}
  {{- include "yemae.tlsSettings" (list false) | nindent 2 }}
  {{- end }}
volumeMounts:
  - {name: secrets, mountPath: {{ include "yemae.secretsDirectory" . }}, readOnly: true}
  {{- if .Values.mtls.enabled }}
  - {name: tls, mountPath: {{ include "yemae.tlsDirectory" . }}, readOnly: true}
  {{- end }}
  {{- if include "yemae.makesUsers" . }}
  - {name: keys, mountPath: /var/lib/yemae/.yemae/keys, readOnly: true}
  {{- end }}
  - {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "yemae.operatorVolumes" -}}
{{- $fullname := include "yemae.fullname" . -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ if .Values.postgresql.enabled }}{{ $fullname }}-ops{{ else }}{{ include "yemae.existing" (list .Values.postgresql.existingSecret "ops") }}{{ end }}
          items: [{key: database-url, path: database-url}]
      - secret:
          name: {{ if .Values.nats.enabled }}{{ $fullname }}-ops{{ else }}{{ include "yemae.existing" (list .Values.nats.existingSecret "ops") }}{{ end }}
          items: [{key: nats-url, path: nats-url}]
{{- if include "yemae.makesUsers" . }}
- name: keys
  secret: {secretName: {{ $fullname }}-users, defaultMode: 0440}
{{- end }}
{{- if .Values.mtls.enabled }}
- {{ include "yemae.tlsVolume" (list . "ops") | nindent 2 | trim }}
{{- end }}
- {{ include "yemae.tmp" . | nindent 2 | trim }}
{{- end }}

{{/* Says something when the chart made the key for people's tokens. */}}
{{- define "yemae.makesUsers" -}}
{{- if and .Values.identity.create (not .Values.identity.users.jwks) (not .Values.identity.users.jwksUrl) -}}yes{{- end -}}
{{- end }}

{{/* The contexts that an audit cannot read: left out, or in a file of their own. (list $services $all), as {names: […]}. */}}
{{- define "yemae.unread" -}}
{{- $services := index . 0 -}}
{{- $names := list -}}
{{- range $name := keys (index . 1) | sortAlpha -}}
{{- $service := get $services $name | default (dict "database" "left out") -}}
{{- $kept := (get (index $ 1) $name | default dict).database -}}
{{- if and (ne $service.database "postgres") (ne $service.database "none") (ne (default "" $kept) "none") -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- toJson (dict "names" $names) -}}
{{- end }}
