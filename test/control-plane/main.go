// Command control-plane is the part of Kubernetes that the tests of this repository talk to: a real
// kube-apiserver with a real etcd, in one process, so that one signal stops, freezes or kills both.
// It takes the flags of kube-apiserver, without --etcd-servers, and keeps its data in
// $CONTROL_PLANE_DATA. It ends when its standard input does, so that a test run that is killed leaves
// nothing behind.
package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/component-base/cli"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
)

func main() {
	data := os.Getenv("CONTROL_PLANE_DATA")
	if data == "" {
		fail(fmt.Errorf("CONTROL_PLANE_DATA is not set"))
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	etcd, err := startEtcd(filepath.Join(data, "etcd"))
	if err != nil {
		fail(fmt.Errorf("etcd: %w", err))
	}
	command := app.NewAPIServerCommand()
	command.SetArgs(append(os.Args[1:], "--etcd-servers=http://"+etcd.Clients[0].Addr().String()))
	code := cli.Run(command)
	etcd.Close()
	os.Exit(code)
}

// startEtcd listens on ports of the loopback that the kernel chooses; nobody but the API server needs them.
func startEtcd(dir string) (*embed.Etcd, error) {
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = dir
	config.LogLevel = "error"
	config.UnsafeNoFsync = true // a test does not survive the machine, only the process
	config.ListenClientUrls, config.AdvertiseClientUrls = anyPort, anyPort
	config.ListenPeerUrls = anyPort
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("not ready after a minute")
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "control-plane:", err)
	os.Exit(1)
}
