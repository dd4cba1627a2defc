#!/usr/bin/env bash
# Deletes the cluster that up.sh made.
set -euo pipefail
kind delete cluster --name haproxy-peer-sync
