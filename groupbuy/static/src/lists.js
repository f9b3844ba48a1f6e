// A purchase list's page: its link is copied into a chat. Without script it can be marked and copied by hand.
import { startCopying } from "./copying.js";

startCopying();
