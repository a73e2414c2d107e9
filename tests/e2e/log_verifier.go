// Verifies a coordinator's log with the code behind Go's checksum database: log_verifier KEY FOLDER. FOLDER holds what
// /log/ serves, and may hold older checkpoints as checkpoint-SIZE, which the newest must contain.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type folder string

func (folder) Height() int { return 8 }

// Go writes the height of its tiles into their paths, and calls entries data.
func (f folder) path(t tlog.Tile) string {
	p := strings.Replace(t.Path(), "tile/8/", "tile/", 1)
	return filepath.Join(string(f), strings.Replace(p, "tile/data/", "tile/entries/", 1))
}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(f.path(t))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (folder) SaveTiles([]tlog.Tile, [][]byte) {}

func checkpoint(key, file string) tlog.Tree {
	verifier, err := note.NewVerifier(key)
	must(err)
	text, err := os.ReadFile(file)
	must(err)
	opened, err := note.Open(text, note.VerifierList(verifier))
	must(err)
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		log.Fatalf("%s is no checkpoint of this log", file)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	must(err)
	hash, err := tlog.ParseHash(lines[2])
	must(err)
	return tlog.Tree{N: size, Hash: hash}
}

func entries(f folder, n int64, width int) [][]byte {
	data, err := os.ReadFile(f.path(tlog.Tile{H: 8, L: -1, N: n, W: width}))
	must(err)
	var all [][]byte
	for len(data) > 0 {
		length := int(data[0])<<8 | int(data[1])
		all = append(all, data[2:2+length])
		data = data[2+length:]
	}
	return all
}

func main() {
	key, f := os.Args[1], folder(os.Args[2])
	tree := checkpoint(key, filepath.Join(string(f), "checkpoint"))
	hashes := tlog.TileHashReader(tree, f)
	root, err := tlog.TreeHash(tree.N, hashes)
	must(err)
	if !bytes.Equal(root[:], tree.Hash[:]) {
		log.Fatal("the tiles do not have the checkpoint's root")
	}
	for first := int64(0); first < tree.N; first += 256 {
		width := 256
		if tree.N-first < 256 {
			width = int(tree.N - first)
		}
		for i, entry := range entries(f, first/256, width) {
			proof, err := tlog.ProveRecord(tree.N, first+int64(i), hashes)
			must(err)
			must(tlog.CheckRecord(proof, tree.N, tree.Hash, first+int64(i), tlog.RecordHash(entry)))
		}
	}
	older, err := filepath.Glob(filepath.Join(string(f), "checkpoint-*"))
	must(err)
	for _, file := range older {
		before := checkpoint(key, file)
		if before.N == 0 {
			continue
		}
		proof, err := tlog.ProveTree(tree.N, before.N, hashes)
		must(err)
		must(tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash))
	}
	fmt.Printf("verified %d leaves and %d checkpoints\n", tree.N, len(older))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
