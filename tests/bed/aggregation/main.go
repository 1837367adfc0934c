// The controller that fills aggregated ClusterRoles in, alone: kube-controller-manager's own code without the rest of
// it, so that the test bed builds in minutes. Run with the path of a kubeconfig.
package main

import (
	"os"
	"time"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/kubernetes/pkg/controller/clusterroleaggregation"
)

func main() {
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[1])
	if err != nil {
		panic(err)
	}
	client := kubernetes.NewForConfigOrDie(config)
	factory := informers.NewSharedInformerFactory(client, time.Minute)
	roles := factory.Rbac().V1().ClusterRoles()
	controller := clusterroleaggregation.NewClusterRoleAggregation(roles, client.RbacV1())
	stop := make(chan struct{})
	factory.Start(stop)
	controller.Run(5, stop)
}
