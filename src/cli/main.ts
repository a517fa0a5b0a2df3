#!/usr/bin/env -S node --
import { outboard } from "./outboard.ts";

outboard();
