// SPDX-License-Identifier: GPL-3.0-or-later

package agent

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
	"time"

	"clusterwright.lab/k3s/internal/config"
	"clusterwright.lab/k3s/internal/layout"
	"clusterwright.lab/k3s/internal/proc"
	"clusterwright.lab/k3s/internal/token"
)

const (
	runtimeTimeout = 60 * time.Second
	runtimeGrace   = 5 * time.Second
	imageNamespace = "k8s.io"
	shimName       = "containerd-shim-runc-v2"
)

//go:embed containerd.toml
var containerdTemplate string

var (
	archiveForm = regexp.MustCompile(`\.(tar|tgz|tar\.gz|tar\.zst)$`)
	pauseForm   = regexp.MustCompile(`(^|/)pause:[^@]+$`)
)

// Runtime is the node's containerd.
type Runtime struct {
	child    *proc.Child
	imported chan struct{}
}

// StartRuntime runs the host's containerd under k3s's paths and begins to import the images that
// lie ready.
func StartRuntime(ctx context.Context, settings *config.Config, cni CNIPaths) (*Runtime, error) {
	binary, err := exec.LookPath("containerd")
	if err != nil {
		return nil, fmt.Errorf("the lab stand-in for k3s uses the host's containerd: %w", err)
	}
	file := settings.DataDir.Agent("etc", "containerd", "config.toml")
	if err := writeRuntimeConfig(file, settings, cni); err != nil {
		return nil, err
	}
	logPath := settings.DataDir.Agent("containerd", "containerd.log")
	if err := os.MkdirAll(filepath.Dir(logPath), 0o700); err != nil {
		return nil, err
	}
	output, err := os.OpenFile(logPath, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	log.Printf("Logging containerd to %s", logPath)
	cmd := exec.Command(binary, "--config", file, "--address", layout.ContainerdSocket,
		"--state", layout.ContainerdState, "--root", settings.DataDir.Agent("containerd"))
	cmd.Stdout, cmd.Stderr = output, output
	tools, err := unpackShim(settings.DataDir)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"))
	child, err := proc.Start("containerd", cmd)
	if err != nil {
		return nil, err
	}
	runtime := &Runtime{child: child, imported: make(chan struct{})}
	if err := runtime.wait(ctx); err != nil {
		return nil, err
	}
	log.Print("containerd is now running")
	go func() {
		defer close(runtime.imported)
		if err := runtime.importImages(settings); err != nil {
			log.Printf("Error encountered while importing images: %v", err)
		}
	}()
	return runtime, nil
}

// Imported is closed when the images that lay ready are imported.
func (r *Runtime) Imported() <-chan struct{} { return r.imported }

// Done is closed when containerd has ended.
func (r *Runtime) Done() <-chan struct{} { return r.child.Done() }

// Stop ends containerd; its pods go on.
func (r *Runtime) Stop() { r.child.Stop(runtimeGrace) }

// unpackShim copies the host's containerd shim to where k3s unpacks its own: scripts that end all
// pods of a node know the shims by that path.
func unpackShim(data layout.Data) (string, error) {
	source, err := exec.LookPath(shimName)
	if err != nil {
		return "", fmt.Errorf("the lab stand-in for k3s uses the host's containerd: %w", err)
	}
	program, err := os.ReadFile(source)
	if err != nil {
		return "", err
	}
	hash := token.Hash(program)
	dir := filepath.Join(string(data), "data", hash, "bin")
	if target := filepath.Join(dir, shimName); !layout.Exists(target) {
		if err := layout.WriteFile(target, program, 0o755); err != nil {
			return "", err
		}
	}
	return dir, layout.Link(hash, filepath.Join(string(data), "data", "current"))
}

func writeRuntimeConfig(file string, settings *config.Config, cni CNIPaths) error {
	form, err := template.New("containerd").Parse(containerdTemplate)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	err = form.Execute(&text, map[string]string{
		"PauseImage": settings.PauseImage, "BinDir": cni.Bin, "ConfDir": cni.Conf,
		"CertsDir": settings.DataDir.Agent("etc", "containerd", "certs.d"),
	})
	if err != nil {
		return err
	}
	return layout.WriteFile(file, text.Bytes(), 0o600)
}

func (r *Runtime) wait(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, runtimeTimeout)
	defer cancel()
	for {
		if err := ctr(limited, "version").Run(); err == nil {
			return nil
		}
		select {
		case <-r.child.Done():
			return fmt.Errorf("containerd ended: %w", r.child.Err())
		case <-limited.Done():
			return fmt.Errorf("containerd does not answer: %w", limited.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func ctr(ctx context.Context, arguments ...string) *exec.Cmd {
	base := []string{"--address", layout.ContainerdSocket, "--namespace", imageNamespace}
	return exec.CommandContext(ctx, "ctr", append(base, arguments...)...)
}

// importImages loads every archive of agent/images; one that fails is logged, as k3s does.
func (r *Runtime) importImages(settings *config.Config) error {
	dir := settings.DataDir.Agent("images")
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() || !archiveForm.MatchString(entry.Name()) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		started := time.Now()
		output, err := ctr(context.Background(), "images", "import", path).CombinedOutput()
		if err != nil {
			log.Printf("Error encountered while importing %s: %v: %s", path, err, output)
			continue
		}
		log.Printf("Imported images from %s in %s", path, time.Since(started).Round(time.Millisecond))
	}
	return namePauseImage(settings.PauseImage)
}

// namePauseImage gives an imported pause image the name that sandboxes are made from.
func namePauseImage(wanted string) error {
	output, err := ctr(context.Background(), "images", "ls", "-q").Output()
	if err != nil {
		return err
	}
	wanted = normalized(wanted)
	names := strings.Fields(string(output))
	candidate := ""
	for _, name := range names {
		if name == wanted {
			return nil
		}
		if pauseForm.MatchString(name) {
			candidate = name
		}
	}
	if candidate == "" {
		return nil
	}
	return ctr(context.Background(), "images", "tag", candidate, wanted).Run()
}

// normalized writes an image name with its registry.
func normalized(name string) string {
	host, rest, found := strings.Cut(name, "/")
	switch {
	case !found:
		return "docker.io/library/" + name
	case strings.ContainsAny(host, ".:") || host == "localhost":
		return host + "/" + rest
	}
	return "docker.io/" + name
}
