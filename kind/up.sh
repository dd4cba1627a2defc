#!/usr/bin/env bash
# A kind cluster that runs examples/local: examples/deployment with the image of this working tree.
#   kind/up.sh            make the cluster (or take the one that is there), build and load the image, apply, wait
#   kind/down.sh          delete the cluster
# Then: kubectl get pods -l app=haproxy; npm run test:e2e. Needs docker, kind and kubectl. Run up.sh again after a change.
set -euo pipefail
cd "$(dirname "$0")/.."
name=haproxy-peer-sync
image=haproxy-peer-sync:dev

for program in docker kind kubectl; do
  command -v "$program" >/dev/null || { echo "up.sh: $program is missing" >&2; exit 1; }
done

docker build --build-arg NODE_IMAGE="$(sed -n 's/^FROM //p' .github/base/Dockerfile)" -t "$image" .
kind get clusters 2>/dev/null | grep -qx "$name" || kind create cluster --config kind/cluster.yaml --wait 120s
kind load docker-image --name "$name" "$image"
kubectl --context "kind-$name" apply -k examples/local
# The tag is always the same: only a restart makes pods that are there already take the new image.
kubectl --context "kind-$name" rollout restart deployment/haproxy
kubectl --context "kind-$name" rollout status deployment/haproxy --timeout=300s
kubectl --context "kind-$name" get pods -l app=haproxy -o wide
