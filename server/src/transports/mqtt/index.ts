// The door of the MQTT transport.
export { type MqttLimits, mqttLimits } from "./limits.ts";
export {
  checkTlsIdentity,
  createMqttServer,
  type MqttServer,
  type MqttServerDependencies,
  type TlsIdentity,
} from "./mqtt-server.ts";
