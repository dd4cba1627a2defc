{{/* The name of everything: that of the release, with the chart's behind it where it is not in it. */}}
{{- define "haproxy.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* The labels of spec.selector: they never change, so that old and new revisions are peers. */}}
{{- define "haproxy.selectorLabels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "haproxy.labels" -}}
{{ include "haproxy.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "haproxy.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "haproxy.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "haproxy.config" -}}
{{- default (.Files.Get "files/haproxy.cfg") .Values.template -}}
{{- end }}

{{/* Values of the library, with what this chart knows. */}}
{{- define "haproxy.peerSync" -}}
{{- $values := deepCopy .Values.peerSync -}}
{{- if not $values.source.selector -}}
{{- $_ := set $values.source "selector" (include "haproxy.selectorLabels" . | fromYaml | include "haproxy.selectorText") -}}
{{- end -}}
{{- if and (eq $values.source.type "service") (not $values.source.service) -}}
{{- $_ := set $values.source "service" (include "haproxy.fullname" .) -}}
{{- end -}}
{{- if and (eq $values.source.type "dns") (not $values.source.dns) -}}
{{- $_ := set $values.source "dns" (printf "%s-peers" (include "haproxy.fullname" .)) -}}
{{- end -}}
{{- if not $values.tls.secretName -}}
{{- $_ := set $values.tls "secretName" (printf "%s-peers-tls" (include "haproxy.fullname" .)) -}}
{{- end -}}
{{- if not $values.dataplaneapi.image -}}
{{- $_ := set $values.dataplaneapi "image" (include "haproxy-peer-sync.image" .Values.image) -}}
{{- $_ := set $values.dataplaneapi "pullPolicy" .Values.image.pullPolicy -}}
{{- end -}}
{{- $_ := set $values "preStopSeconds" .Values.preStopSeconds -}}
{{ toYaml $values }}
{{- end }}

{{/* Where the replicas reach each other: HAProxy itself, or its sidecar in mode relay. */}}
{{- define "haproxy.sharedPort" -}}
{{- with .Values.peerSync -}}
{{- ternary .relay.port .peersPort (eq .mode "relay") -}}
{{- end -}}
{{- end }}

{{- define "haproxy.selectorText" -}}
{{- $parts := list -}}
{{- range $key, $value := . -}}
{{- $parts = append $parts (printf "%s=%s" $key $value) -}}
{{- end -}}
{{- join "," $parts -}}
{{- end }}
