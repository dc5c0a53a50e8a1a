{{/*
What each NATS user may do. The stream is YEMAE; a context's consumer and its subjects carry its name. Requests to JetStream are
publishes to $JS.API, and acknowledgements publishes to $JS.ACK: its second form has the domain and the account before the stream.
Answers come to an inbox that is the user's own. (list $services) gives the users as a map: {payment: {publish: […], deny: […], subscribe: […]}}.
*/}}
{{- define "yemae.natsUsers" -}}
{{- $users := dict -}}
{{- $followers := list -}}
{{- range $name, $service := index . 0 -}}{{- if $service.broker -}}{{- $followers = append $followers $name -}}{{- end -}}{{- end -}}
{{- range $name := $followers -}}
{{- $publish := list
  (printf "yemae.%s.>" $name)
  (printf "yemae-commits.%s" $name)
  "$JS.API.STREAM.INFO.YEMAE"
  "$JS.API.STREAM.MSG.GET.YEMAE"
  (printf "$JS.API.CONSUMER.CREATE.YEMAE.%s" $name)
  (printf "$JS.API.CONSUMER.CREATE.YEMAE.%s.>" $name)
  (printf "$JS.API.CONSUMER.INFO.YEMAE.%s" $name)
  (printf "$JS.API.CONSUMER.DELETE.YEMAE.%s" $name)
  (printf "$JS.API.CONSUMER.MSG.NEXT.YEMAE.%s" $name)
  (printf "$JS.ACK.YEMAE.%s.>" $name)
  (printf "$JS.ACK.*.*.YEMAE.%s.>" $name) -}}
{{- $deny := list -}}
{{- if (get (index $ 0) $name).replays -}}
{{- /* A consumer that the server names: so any name, save those of the others. */ -}}
{{- $publish = concat $publish (list
  "$JS.API.CONSUMER.CREATE.YEMAE"
  "$JS.API.CONSUMER.INFO.YEMAE.*"
  "$JS.API.CONSUMER.MSG.NEXT.YEMAE.*") -}}
{{- range without $followers $name -}}
{{- $deny = concat $deny (list (printf "$JS.API.CONSUMER.INFO.YEMAE.%s" .) (printf "$JS.API.CONSUMER.MSG.NEXT.YEMAE.%s" .)) -}}
{{- end -}}
{{- end -}}
{{- $_ := set $users $name (dict "publish" $publish "deny" $deny "subscribe" (list (printf "_INBOX.%s.>" $name) (printf "yemae-commits.%s" $name))) -}}
{{- end -}}
{{- /* The only one that may make the stream. */ -}}
{{- $_ := set $users "provision" (dict "deny" list "subscribe" (list "_INBOX.provision.>") "publish" (list
  "$JS.API.STREAM.CREATE.YEMAE" "$JS.API.STREAM.UPDATE.YEMAE" "$JS.API.STREAM.INFO.YEMAE")) -}}
{{- $_ := set $users "ops" (dict "deny" list "subscribe" (list "_INBOX.ops.>") "publish" (list
  "$JS.API.STREAM.INFO.YEMAE" "$JS.API.CONSUMER.INFO.YEMAE.*")) -}}
{{- toYaml $users -}}
{{- end }}

{{/* nats-server's file: (list $ $services). */}}
{{- define "yemae.natsConfiguration" -}}
{{- $root := index . 0 -}}
listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
server_name: {{ include "yemae.fullname" $root }}-nats
jetstream {
  store_dir: "/data"
  max_memory_store: 64MB
}
authorization {
  timeout: 5
  users: [
{{- range $user, $may := include "yemae.natsUsers" (list (index . 1)) | fromYaml }}
    {
      user: {{ $user }}
      password: {{ include "yemae.password" (list $root (printf "nats/%s" $user)) | quote }}
      permissions: {
        publish: {
          allow: {{ toRawJson $may.publish }}
          {{- with $may.deny }}
          deny: {{ toRawJson . }}
          {{- end }}
        }
        subscribe: { allow: {{ toRawJson $may.subscribe }} }
      }
    }
{{- end }}
  ]
}
{{- end }}
