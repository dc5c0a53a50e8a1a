{{/*
Roles and databases: of each context its own, which nobody else may connect to, and one that reads all of them for operators. Run at
each start, so what is there already stays. (list $ $services)
*/}}
{{- define "yemae.roles" -}}
{{- $root := index . 0 -}}
\set ON_ERROR_STOP on
{{- range $name, $service := index . 1 }}
{{- if eq $service.database "postgres" }}
SELECT 'CREATE ROLE "{{ $name }}"' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{{ $name }}') \gexec
ALTER ROLE "{{ $name }}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '{{ include "yemae.password" (list $root (printf "database/%s" $name)) }}';
SELECT 'CREATE DATABASE "{{ $name }}" OWNER "{{ $name }}"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{{ $name }}') \gexec
REVOKE ALL ON DATABASE "{{ $name }}" FROM PUBLIC;
{{- end }}
{{- end }}
SELECT 'CREATE ROLE ops' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ops') \gexec
ALTER ROLE ops LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '{{ include "yemae.password" (list $root "database/ops") }}';
ALTER ROLE ops SET default_transaction_read_only = on;
GRANT pg_read_all_data TO ops;
{{- range $name, $service := index . 1 }}
{{- if eq $service.database "postgres" }}
GRANT CONNECT ON DATABASE "{{ $name }}" TO ops;
{{- end }}
{{- end }}
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
{{- end }}

{{/* How it starts, in any image that has the programs. The superuser has no password and comes in by the pod's own socket only. */}}
{{- define "yemae.postgresqlScripts" -}}
{{- /* Whatever changes here, or in the StatefulSet, has an upgrade replace the one server: some seconds in which nobody books. */ -}}
start.sh: |
  set -eu
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # Aside, so that one that was interrupted is begun anew.
    rm -rf "$PGDATA.new" "$PGDATA"
    initdb --pgdata="$PGDATA.new" --username=postgres --encoding=UTF8 --locale=C --data-checksums --auth=trust
    mv "$PGDATA.new" "$PGDATA"
  fi
  exec postgres -D "$PGDATA" \
    -c hba_file="$CONFIGURATION/pg_hba.conf" \
    -c listen_addresses="${LISTEN:-*}" \
    -c unix_socket_directories="$SOCKETS" \
    -c max_connections="$MAX_CONNECTIONS" \
    -c shared_buffers=64MB \
    -c password_encryption=scram-sha-256
roles.sh: |
  set -eu
  tries=0
  until pg_isready --quiet --host="$SOCKETS"; do
    tries=$((tries + 1))
    [ "$tries" -lt 600 ] || exit 1
    sleep 0.2
  done
  exec psql --host="$SOCKETS" --username=postgres --dbname=postgres --no-psqlrc --quiet --file="$1"
pg_hba.conf: |
  local all postgres trust
  host all postgres all reject
  host all all all scram-sha-256
{{- end }}
