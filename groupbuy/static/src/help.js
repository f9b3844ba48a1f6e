// The help page: the leader's WeChat id by one tap. Without script it can be marked and copied by hand.
import { startCopying } from "./copying.js";

startCopying();
