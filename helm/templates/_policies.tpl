{{/* The pods of a component, as a policy's peer. */}}
{{- define "yemae.peer" -}}
podSelector:
  matchLabels:
    {{- include "yemae.selector" . | nindent 4 }}
{{- end }}

{{/* Where the databases, the broker, and for who serves the issuer and the collector of traces are: (list $ needsDatabase needsBroker serves). */}}
{{- define "yemae.egress" -}}
{{- $root := index . 0 -}}
{{- $policy := $root.Values.networkPolicy -}}
{{- if index . 1 }}
{{- if $root.Values.postgresql.enabled }}
- to:
    - {{ include "yemae.peer" (list $root "postgresql") | nindent 6 | trim }}
  ports: [{port: 5432, protocol: TCP}]
{{- else }}
{{ include "yemae.elsewhere" (list $policy.postgresqlTo $policy.postgresqlPort) }}
{{- end }}
{{- end }}
{{- if index . 2 }}
{{- if $root.Values.nats.enabled }}
- to:
    - {{ include "yemae.peer" (list $root "nats") | nindent 6 | trim }}
  ports: [{port: 4222, protocol: TCP}]
{{- else }}
{{ include "yemae.elsewhere" (list $policy.natsTo $policy.natsPort) }}
{{- end }}
{{- end }}
{{- if and (index . 3) $root.Values.identity.users.jwksUrl }}
{{ include "yemae.elsewhere" (list $policy.issuerTo $policy.issuerPort) }}
{{- end }}
{{- if and (index . 3) (hasKey $root.Values.settings "OTEL_EXPORTER_OTLP_ENDPOINT") }}
{{ include "yemae.elsewhere" (list $policy.collectorTo $policy.collectorPort) }}
{{- end }}
{{- end }}

{{/* (list peers port); without peers anywhere. */}}
{{- define "yemae.elsewhere" -}}
- ports: [{port: {{ index . 1 }}, protocol: TCP}]
  {{- with index . 0 }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
