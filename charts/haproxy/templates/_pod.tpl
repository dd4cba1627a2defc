{{/* HAProxy alone; the library chart adds the rest. */}}
{{- define "haproxy.pod" -}}
metadata:
  labels:
    {{- include "haproxy.selectorLabels" . | nindent 4 }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: haproxy
    # Another haproxy.cfg is a rolling update.
    checksum/config: {{ include "haproxy.config" . | sha256sum }}
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "haproxy.serviceAccountName" . }}
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  # Time for HAProxy to stop (preStop and hard-stop-after), and then for the sidecar.
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  {{- if .Values.spread.enabled }}
  topologySpreadConstraints:
    {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - topologyKey: {{ . }}
      maxSkew: 1
      whenUnsatisfiable: {{ $.Values.spread.whenUnsatisfiable }}
      labelSelector:
        matchLabels:
          {{- include "haproxy.selectorLabels" $ | nindent 10 }}
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: haproxy
      image: {{ include "haproxy-peer-sync.image" .Values.image }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- with .Values.extraEnv }}
      env:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- range .Values.ports }}
        - { name: {{ .name }}, containerPort: {{ .containerPort }} }
        {{- end }}
      readinessProbe:
        httpGet: { path: {{ .Values.health.path }}, port: {{ .Values.health.port }} }
        periodSeconds: 1
        timeoutSeconds: 2
      livenessProbe:
        httpGet: { path: {{ .Values.health.path }}, port: {{ .Values.health.port }} }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      lifecycle:
        # Clients keep connecting until every node has removed this pod from the Service. Then HAProxy gets
        # the image's stop signal, SIGUSR1, and finishes its connections, up to hard-stop-after.
        preStop: { sleep: { seconds: {{ .Values.preStopSeconds }} } }
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.peerSync.securityContext | nindent 8 }}
      {{- with .Values.extraVolumeMounts }}
      volumeMounts:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  volumes:
    - name: {{ .Values.peerSync.config.volume }}
      configMap: { name: {{ include "haproxy.fullname" . }}-config }
    {{- with .Values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
