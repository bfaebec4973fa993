package main

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
)

const usage = "I know !roll (as in !roll 2d6), !choose tea, coffee, and !help."

var dice = regexp.MustCompile(`^([0-9]{0,3})d([0-9]{1,4})$`)

// reply is what the bot says to a text, if it is a command. Chance comes from
// the message's id: who answers again answers the same.
func reply(text, id string) (string, bool) {
	command, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	rest = strings.TrimSpace(rest)
	switch command {
	case "!help":
		return usage, true
	case "!roll":
		return roll(rest, chance(id)), true
	case "!choose":
		return choose(rest, chance(id)), true
	}
	return "", false
}

func chance(id string) *rand.Rand {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}

func roll(what string, r *rand.Rand) string {
	if what == "" {
		what = "1d6"
	}
	found := dice.FindStringSubmatch(what)
	if found == nil {
		return "I roll dice such as 2d6. " + usage
	}
	count := 1
	if found[1] != "" {
		count, _ = strconv.Atoi(found[1])
	}
	sides, _ := strconv.Atoi(found[2])
	if count < 1 || sides < 1 {
		return "There are no such dice. " + usage
	}
	sum := 0
	for range count {
		sum += 1 + r.IntN(sides)
	}
	return fmt.Sprintf("%s: %d", what, sum)
}

func choose(from string, r *rand.Rand) string {
	var options []string
	for option := range strings.SplitSeq(from, ",") {
		if option = strings.TrimSpace(option); option != "" {
			options = append(options, option)
		}
	}
	if len(options) == 0 {
		return "Between what? " + usage
	}
	return "I would take " + options[r.IntN(len(options))] + "."
}
