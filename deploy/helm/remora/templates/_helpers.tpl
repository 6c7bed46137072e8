{{- define "remora.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "remora.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "remora.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{ include "remora.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- /* The server's configuration: what the chart decides, then what the values add. */}}
{{- define "remora.config" -}}
listen: 0.0.0.0:{{ .Values.service.port }}
device: {{ .Values.device }}
state_dir: /var/lib/remora
tenants: /etc/remora/tenants/tenants.yaml
certificate: /etc/remora/tls/tls.crt
key: /etc/remora/tls/tls.key
log_format: {{ .Values.config.log_format | default "json" }}
web:
  listen: {{ ternary (printf "0.0.0.0:%d" (int .Values.web.port)) "off" .Values.web.enabled | quote }}
{{- if .Values.pool.enabled }}
pool:
  file: /etc/remora/pool.yaml
{{- end }}
{{- with .Values.operators }}
operators: {{ toJson . }}
{{- end }}
{{- with omit .Values.config "log_format" }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Seconds until a pod is killed: drain_time, which is whole seconds or minutes here, and 20. */}}
{{- define "remora.grace" -}}
{{- $drain := .Values.config.drain_time | default "10s" | toString -}}
{{- if regexMatch "^[0-9]+s$" $drain -}}
{{- add (trimSuffix "s" $drain | int) 20 -}}
{{- else if regexMatch "^[0-9]+m$" $drain -}}
{{- add (mul (trimSuffix "m" $drain | int) 60) 20 -}}
{{- else -}}
{{- fail (printf "config.drain_time is %q: write it in seconds or minutes, like 30s or 5m" $drain) -}}
{{- end -}}
{{- end }}

{{- /* The pool's file: the members are whoever the service's name resolves to. */}}
{{- define "remora.pool" -}}
{{- if ne .Values.kind "StatefulSet" -}}
{{- fail "pool.enabled needs kind: StatefulSet, whose pods have names that members and clients can check" -}}
{{- end -}}
name: {{ include "remora.name" . }}
policy: {{ .Values.pool.policy }}
wait: {{ .Values.pool.wait }}
token_file: /etc/remora/pool/token
ca: /etc/remora/tls/ca.crt
dns: {{ include "remora.name" . }}.{{ .Release.Namespace }}.svc:{{ .Values.service.port }}
{{- with .Values.pool.labels }}
offer:
  labels: {{ toJson . }}
{{- end }}
{{- end }}
