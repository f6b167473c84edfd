{{/* SPDX-License-Identifier: GPL-3.0-or-later */}}
{{- define "metrics.selector" -}}
app.kubernetes.io/name: metrics-server
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "metrics.labels" -}}
{{ include "metrics.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
