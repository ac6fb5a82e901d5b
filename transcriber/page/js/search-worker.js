// Searches beside the page, which goes on while an expression takes long.

import { find } from "./text-search.js";

onmessage = ({ data: [texts, query, replacement] }) => postMessage(find(texts, query, replacement));
postMessage("ready");
