export { ParleyProvider, useParley } from "./context";
