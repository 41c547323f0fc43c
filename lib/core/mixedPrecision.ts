/** Half the memory and twice the arithmetic where it does no harm. https://keras.io/api/mixed_precision/policy/ */
export { type DtypePolicy, dtypePolicy, setDtypePolicy } from './dtypePolicy.js';
