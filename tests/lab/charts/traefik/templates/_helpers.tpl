{{/* SPDX-License-Identifier: GPL-3.0-or-later */}}
{{- define "traefik.selector" -}}
app.kubernetes.io/name: traefik
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "traefik.labels" -}}
{{ include "traefik.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "traefik.class" -}}
{{ .Values.ingressClass.name | default .Release.Name }}
{{- end }}
